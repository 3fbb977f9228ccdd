import { createNumericArray, type DtypeArrays, type NumericDtype, narrowToHalves } from '@jitney/core';
import type { SampleTensor } from './sample-tensor.js';

/** Body of `POST /v2/models/{model}/infer` and the headers that say what it is. */
export interface RequestBody {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface InferOptions {
  /** Tensors as raw bytes behind the JSON, and asked back so. */
  readonly isBinary: boolean;
  /** The parameter `timeout`; `null`: none. */
  readonly timeoutMs: number | null;
}

export function inferBody(tensors: readonly SampleTensor[], { isBinary, timeoutMs }: InferOptions): RequestBody {
  const timeout = timeoutMs === null ? {} : { timeout: Math.round(timeoutMs * 1_000) };
  if (!isBinary) {
    const json = document(tensors.map(jsonInput), timeout);
    return { headers: { 'Content-Type': 'application/json' }, body: Buffer.from(json) };
  }
  const blobs = tensors.map(bytesOf);
  const inputs = tensors.map((tensor, i) => head(tensor, { parameters: { binary_data_size: blobs[i]!.byteLength } }));
  const json = Buffer.from(document(inputs, { ...timeout, binary_data_output: true }));
  return {
    headers: {
      'Content-Type': 'application/octet-stream',
      'Inference-Header-Content-Length': String(json.byteLength),
    },
    body: Buffer.concat([json, ...blobs]),
  };
}

function document(inputs: readonly object[], parameters: object): string {
  return JSON.stringify({ ...(Object.keys(parameters).length === 0 ? {} : { parameters }), inputs });
}

const head = ({ name, shape, content }: SampleTensor, rest: object) => ({
  name,
  shape,
  datatype: content.dtype,
  ...rest,
});

function jsonInput(tensor: SampleTensor): object {
  const { content } = tensor;
  if (content.dtype === 'BYTES') return head(tensor, { data: content.texts });
  return head(tensor, { data: content.dtype === 'BOOL' ? content.numbers.map(Boolean) : content.numbers });
}

/** Little-endian and row-major; BYTES behind 4-byte lengths. */
function bytesOf({ content }: SampleTensor): Uint8Array {
  if (content.dtype !== 'BYTES') {
    const { buffer, byteOffset, byteLength } = arrayOf(content.dtype, content.numbers);
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  return Buffer.concat(
    content.texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.byteLength);
      return [length, bytes];
    }),
  );
}

function arrayOf(dtype: NumericDtype, numbers: readonly number[]): DtypeArrays[NumericDtype] {
  if (dtype === 'FP16' || dtype === 'BF16') return narrowToHalves(dtype, numbers);
  const array = createNumericArray(dtype, numbers.length);
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) array.set(numbers.map(BigInt));
  else array.set(numbers);
  return array;
}
