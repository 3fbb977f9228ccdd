import { JitneyError, type Tensor, tensorBytes } from '@jitney/core';
import type { RequestedOutput } from '../../call.js';
import type { Parameter, Parameters } from './request/parsed-infer.js';
import { ChunkWriter } from './response/chunk-writer.js';
import { tensorChunks } from './response/tensor-bytes.js';
import { createTensorText, type TensorText } from './response/tensor-text.js';

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
 * Encodes an infer response at once. Takes about 50 ms a million floats: for large JSON outputs prefer the steps of
 * {@link InferResponseEncoder}.
 * @throws JitneyError `UNSUPPORTED` for BYTES that JSON cannot carry, `INVALID_ARGUMENT` for an output that is not there.
 */
export function encodeInferResponse(response: InferResponse): EncodedInferResponse {
  const encoder = new InferResponseEncoder(response);
  while (encoder.step());
  return encoder.end();
}

/**
 * Encodes an infer response in steps of at most 64 KiB of text, so that the caller can do other things in between.
 * Both methods throw as {@link encodeInferResponse} does.
 */
export class InferResponseEncoder {
  readonly #outputs: readonly Output[];
  readonly #writer: ChunkWriter;
  /** Outputs whose member of `outputs` is begun. */
  #begun = 0;
  /** What is being written of the last of them. */
  #text: TensorText | null = null;
  /** The binary outputs, behind the JSON; `null` where there are none. */
  #blobs: Generator<void, Uint8Array[]> | null = null;
  #blobChunks: readonly Uint8Array[] = [];
  #headerLength = 0;

  constructor(response: InferResponse) {
    this.#outputs = chooseOutputs(response);
    this.#writer = new ChunkWriter(expectedBytes(this.#outputs));
    writeHead(this.#writer, response);
  }

  /** Does the next step. False: that was the last. */
  step(): boolean {
    if (this.#blobs !== null) return this.#stepBlobs(this.#blobs);
    for (;;) {
      if (this.#text !== null) {
        if (!this.#text.write(this.#writer)) return true;
        this.#text = null;
        this.#writer.ascii(']}');
      }
      const output = this.#outputs[this.#begun];
      if (output === undefined) return this.#endText();
      this.#begin(output);
    }
  }

  /** All of it, once `step` has said false. */
  end(): EncodedInferResponse {
    const chunks = [...this.#writer.finish(), ...this.#blobChunks];
    let byteLength = 0;
    for (const chunk of chunks) byteLength += chunk.length;
    // Triton answers plain JSON where no binary output has bytes.
    return byteLength === this.#headerLength
      ? { chunks, byteLength, headerLength: null, contentType: 'application/json' }
      : { chunks, byteLength, headerLength: this.#headerLength, contentType: 'application/octet-stream' };
  }

  #begin({ tensor, isBinary }: Output): void {
    const { name, dtype, shape } = tensor;
    const comma = this.#begun++ > 0 ? ',' : '';
    const head = `${comma}{"name":${JSON.stringify(name)},"datatype":"${dtype}","shape":[${shape.join()}]`;
    if (isBinary) {
      this.#writer.utf8(`${head},"parameters":{"binary_data_size":${tensorBytes(tensor)}}}`);
    } else {
      this.#writer.utf8(`${head},"data":[`);
      this.#text = createTensorText(tensor);
    }
  }

  #endText(): boolean {
    this.#writer.ascii(']}');
    this.#headerLength = this.#writer.length;
    const binary = this.#outputs.filter(({ isBinary }) => isBinary);
    if (binary.length === 0) return false;
    this.#blobs = blobsOf(binary);
    return this.#stepBlobs(this.#blobs);
  }

  #stepBlobs(blobs: Generator<void, Uint8Array[]>): boolean {
    const step = blobs.next();
    if (step.done !== true) return true;
    this.#blobChunks = step.value;
    return false;
  }
}

function* blobsOf(outputs: readonly Output[]): Generator<void, Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (const { tensor } of outputs) {
    for (const chunk of yield* tensorChunks(tensor)) chunks.push(chunk);
  }
  return chunks;
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

/** Keys in Triton's order, up to the first output. */
function writeHead(writer: ChunkWriter, { id, model, version, parameters }: InferResponse): void {
  let head = '{';
  if (id !== null && id !== '') head += `"id":${JSON.stringify(id)},`;
  head += `"model_name":${JSON.stringify(model)},"model_version":${JSON.stringify(version)},`;
  if (parameters !== undefined) head += `"parameters":${parametersText(parameters)},`;
  writer.utf8(`${head}"outputs":[`);
}

function parametersText(parameters: Parameters): string {
  const text = (value: Parameter): string => (typeof value === 'bigint' ? value.toString() : JSON.stringify(value));
  const members = Object.entries(parameters).map(([name, value]) => `${JSON.stringify(name)}:${text(value)}`);
  return `{${members.join(',')}}`;
}
