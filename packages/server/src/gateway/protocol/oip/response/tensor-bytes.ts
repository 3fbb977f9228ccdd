import type { NumericArray, Tensor } from '@jitney/core';

/**
 * A tensor as binary tensor data: little-endian and row-major, BYTES elements behind their lengths as 4 bytes each.
 * Numbers are a view of the tensor's memory, not a copy.
 */
export function tensorBlob(tensor: Tensor): Uint8Array {
  if (tensor.dtype === 'BYTES') return joinStrings(tensor.data as readonly Uint8Array[]);
  const { buffer, byteOffset, byteLength } = tensor.data as NumericArray;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * ```
 * ┌────────────┬───────┬────────────┬───────┬──
 * │ length u32 │ bytes │ length u32 │ bytes │ …
 * └────────────┴───────┴────────────┴───────┴──
 * ```
 */
function joinStrings(elements: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const element of elements) length += 4 + element.length;
  const blob = Buffer.allocUnsafe(length);
  let at = 0;
  for (const element of elements) {
    at = blob.writeUInt32LE(element.length, at);
    blob.set(element, at);
    at += element.length;
  }
  return blob;
}
