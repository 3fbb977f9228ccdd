import { createHash } from 'node:crypto';
import type { Batching, Tensor } from '@jitney/core';

/**
 * What must be equal for entries to share a batch: names, order and dtypes of their tensors, shapes but for the first
 * dimension, and bit for bit what has no rows.
 */
export function compatibilityOf(tensors: readonly Tensor[], batching: Batching): string {
  if (batching.mode !== 'rows') return '';
  let key = '';
  for (const tensor of tensors) {
    key += tensor.name;
    key += tensor.dtype;
    const isShared = batching.shared.length > 0 && batching.shared.includes(tensor.name);
    for (let axis = isShared ? 0 : 1; axis < tensor.shape.length; axis++) key += `,${tensor.shape[axis]}`;
    if (isShared) key += `=${digestOf(tensor)}`;
    key += ';';
  }
  return key;
}

function digestOf({ data }: Tensor): string {
  const hash = createHash('sha256');
  if (ArrayBuffer.isView(data)) hash.update(data);
  else for (const element of data) hash.update(`${element.byteLength}:`).update(element);
  return hash.digest('base64');
}
