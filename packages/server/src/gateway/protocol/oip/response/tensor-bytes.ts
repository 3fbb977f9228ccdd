import { type NumericArray, type Tensor, tensorBytes } from '@jitney/core';
import { ChunkWriter } from './chunk-writer.js';

/** Strings written between two rests: about half a millisecond. */
const STEP_STRINGS = 4096;

/**
 * A tensor as binary tensor data: little-endian and row-major. Numbers are a view of the tensor's memory; BYTES are
 * copied, in steps:
 *
 * ```
 * ┌────────────┬───────┬────────────┬───────┬──
 * │ length u32 │ bytes │ length u32 │ bytes │ …
 * └────────────┴───────┴────────────┴───────┴──
 * ```
 */
export function* tensorChunks(tensor: Tensor): Generator<void, Uint8Array[]> {
  if (tensor.dtype === 'BYTES') return yield* stringChunks(tensor);
  const { buffer, byteOffset, byteLength } = tensor.data as NumericArray;
  return byteLength === 0 ? [] : [new Uint8Array(buffer, byteOffset, byteLength)];
}

function* stringChunks(tensor: Tensor): Generator<void, Uint8Array[]> {
  const writer = new ChunkWriter(tensorBytes(tensor));
  let count = 0;
  for (const element of tensor.data as readonly Uint8Array[]) {
    writer.reserve(4);
    writer.at = writer.bytes.writeUInt32LE(element.length, writer.at);
    writer.raw(element);
    if (++count % STEP_STRINGS === 0) yield;
  }
  return writer.finish();
}
