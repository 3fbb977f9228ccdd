import { JitneyError, type Tensor, tensorBytes } from '@jitney/core';
import type { RequestedOutput } from '../../call.js';
import type { Parameter, Parameters } from './request/parsed-infer.js';
import { ChunkWriter } from './response/chunk-writer.js';
import { tensorChunks } from './response/tensor-bytes.js';
import { writeTensorText } from './response/tensor-text.js';

/** What an infer response is made of. */
export interface InferResponse {
  /** The request's id; left out of the answer when it is `null` or empty. */
  readonly id: string | null;
  readonly model: string;
  readonly version: string;
  /** Every output that was asked for, in any order. */
  readonly outputs: readonly Tensor[];
  /** Which outputs, in which order and form; `null`: all, as they come. */
  readonly requested: readonly RequestedOutput[] | null;
  /** Form of the outputs that do not say. */
  readonly binaryOutputs: boolean;
  readonly parameters?: Parameters;
}

/** An infer response as bytes. The chunks may be views of the outputs' memory: send them before that changes. */
export interface EncodedInferResponse {
  readonly chunks: readonly Uint8Array[];
  readonly byteLength: number;
  /** Bytes of the JSON part, for the header `Inference-Header-Content-Length`; `null`: all is JSON, no header. */
  readonly headerLength: number | null;
  readonly contentType: 'application/json' | 'application/octet-stream';
}

interface Output {
  readonly tensor: Tensor;
  /** Whether its elements go behind the JSON. */
  readonly isBinary: boolean;
}

/**
 * Encodes an infer response at once. Takes about 50 ms a million floats: for large JSON outputs prefer
 * {@link encodeInferSteps}.
 * @throws JitneyError `UNSUPPORTED` for BYTES that JSON cannot carry, `INVALID_ARGUMENT` for an output that is not there.
 */
export function encodeInferResponse(response: InferResponse): EncodedInferResponse {
  const steps = encodeInferSteps(response);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** Encodes an infer response in steps of at most 64 KiB of text, so that the caller can do other things in between. */
export function* encodeInferSteps(response: InferResponse): Generator<void, EncodedInferResponse> {
  const outputs = chooseOutputs(response);
  const writer = new ChunkWriter(expectedBytes(outputs));
  yield* writeResponse(writer, response, outputs);
  const headerLength = writer.length;
  const chunks = writer.finish();
  for (const { tensor, isBinary } of outputs) {
    if (!isBinary) continue;
    for (const chunk of yield* tensorChunks(tensor)) chunks.push(chunk);
  }
  let byteLength = 0;
  for (const chunk of chunks) byteLength += chunk.length;
  // Triton answers plain JSON where no binary output has bytes.
  return byteLength === headerLength
    ? { chunks, byteLength, headerLength: null, contentType: 'application/json' }
    : { chunks, byteLength, headerLength, contentType: 'application/octet-stream' };
}

function chooseOutputs({ model, outputs, requested, binaryOutputs }: InferResponse): Output[] {
  if (requested === null) return outputs.map((tensor) => ({ tensor, isBinary: binaryOutputs }));
  return requested.map(({ name, binary }) => {
    const tensor = outputs.find((output) => output.name === name);
    if (tensor !== undefined) return { tensor, isBinary: binary ?? binaryOutputs };
    throw new JitneyError('INVALID_ARGUMENT', `unexpected inference output '${name}' for model '${model}'`);
  });
}

function expectedBytes(outputs: readonly Output[]): number {
  return outputs.reduce((sum, { tensor, isBinary }) => sum + 200 + (isBinary ? 0 : tensorBytes(tensor) * 3), 200);
}

/** Keys in Triton's order. */
function* writeResponse(
  writer: ChunkWriter,
  response: InferResponse,
  outputs: readonly Output[],
): Generator<void, void> {
  const { id, model, version, parameters } = response;
  const head = [
    ...(id === null || id === '' ? [] : [`"id":${JSON.stringify(id)}`]),
    `"model_name":${JSON.stringify(model)}`,
    `"model_version":${JSON.stringify(version)}`,
    ...(parameters === undefined ? [] : [`"parameters":${parametersText(parameters)}`]),
  ];
  writer.raw(Buffer.from(`{${head.join(',')},"outputs":[`));
  for (const [index, output] of outputs.entries()) {
    if (index > 0) writer.ascii(',');
    yield* writeOutput(writer, output);
  }
  writer.ascii(']}');
}

function* writeOutput(writer: ChunkWriter, { tensor, isBinary }: Output): Generator<void, void> {
  const { name, dtype, shape } = tensor;
  writer.raw(Buffer.from(`{"name":${JSON.stringify(name)},"datatype":"${dtype}","shape":[${shape.join()}]`));
  if (isBinary) {
    writer.ascii(`,"parameters":{"binary_data_size":${tensorBytes(tensor)}}`);
  } else {
    writer.ascii(',"data":');
    yield* writeTensorText(writer, tensor);
  }
  writer.ascii('}');
}

function parametersText(parameters: Parameters): string {
  const text = (value: Parameter): string => (typeof value === 'bigint' ? value.toString() : JSON.stringify(value));
  const members = Object.entries(parameters).map(([name, value]) => `${JSON.stringify(name)}:${text(value)}`);
  return `{${members.join(',')}}`;
}
