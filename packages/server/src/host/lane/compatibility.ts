import { hash } from 'node:crypto';
import { type Batching, type NumericArray, type Tensor, tensorBytes } from '@jitney/core';

/** Shared inputs up to this size stand in the key as they are. */
const VERBATIM_BYTES = 32;

/**
 * The key of the entries that an entry may share a run with: names, dtypes and shapes without the first dimension, and
 * of `batching.shared` inputs the values bit for bit. `null`: it shares no run, since the model batches nothing, or since
 * its rows cannot be told (a tensor without a first dimension, tensors that disagree in it, none at all).
 */
export function compatibilityOf(tensors: readonly Tensor[], batching: Batching): string | null {
  if (batching.mode === 'whole') return null;
  let key = '';
  let rows: number | null = null;
  for (const tensor of tensors) {
    const { name, dtype, shape } = tensor;
    const isShared = batching.shared.includes(name);
    // Lengths before names, so that no name reads as what follows it.
    key += `${name.length}:${name}${dtype}`;
    for (let axis = isShared ? 0 : 1; axis < shape.length; axis++) key += `,${shape[axis]}`;
    if (isShared) {
      key += `=${valuesOf(tensor)}`;
    } else {
      const own = shape[0];
      if (own === undefined || own === 0 || (rows !== null && own !== rows)) return null;
      rows = own;
    }
    key += ';';
  }
  return rows === null ? null : key;
}

/** Equal texts where all elements are equal bit for bit. A digest that nobody can forge, since clients choose values. */
function valuesOf(tensor: Tensor): string {
  const bytes = tensor.dtype === 'BYTES' ? joinElements(tensor) : bytesOf(tensor.data as NumericArray);
  return bytes.length <= VERBATIM_BYTES ? bytes.toString('base64') : hash('sha256', bytes, 'base64');
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Each element behind its length, as on the wire. */
function joinElements(tensor: Tensor): Buffer {
  const joined = Buffer.alloc(tensorBytes(tensor));
  let offset = 0;
  for (const element of tensor.data as readonly Uint8Array[]) {
    offset = joined.writeUInt32LE(element.byteLength, offset);
    joined.set(element, offset);
    offset += element.byteLength;
  }
  return joined;
}
