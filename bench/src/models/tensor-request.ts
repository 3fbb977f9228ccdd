import type { NumericArray, Tensor } from '@jitney/core';
import { httpRequest, postJson } from '../load/index.js';

/** A request of the Open Inference Protocol, in JSON. */
export function jsonRequest(model: string, tensors: readonly Tensor[]): Buffer {
  const inputs = tensors.map(({ name, shape, dtype, data }) => {
    return { name, shape, datatype: dtype, data: plainNumbers(data as NumericArray) };
  });
  return postJson(`/v2/models/${model}/infer`, JSON.stringify({ inputs }));
}

/** The same with the tensors' bytes behind a small JSON, and an answer of that kind asked for. */
export function binaryRequest(model: string, tensors: readonly Tensor[]): Buffer {
  const inputs = tensors.map(({ name, shape, dtype, data }) => {
    return { name, shape, datatype: dtype, parameters: { binary_data_size: bytesOf(data).length } };
  });
  const json = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  return httpRequest({
    path: `/v2/models/${model}/infer`,
    headers: { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': String(json.length) },
    body: Buffer.concat([json, ...tensors.map(({ data }) => bytesOf(data))]),
  });
}

/** As people write them: those of 32 bits with the seven digits that they have. */
export function plainNumbers(data: NumericArray): number[] {
  return Array.from(data as ArrayLike<number | bigint>, (value) => Number(Number(value).toPrecision(7)));
}

export function bytesOf(data: Tensor['data']): Uint8Array {
  const { buffer, byteOffset, byteLength } = data as NumericArray;
  return new Uint8Array(buffer, byteOffset, byteLength);
}
