import { createHash } from 'node:crypto';
import type { Batching, Tensor } from '@jitney/core';
export function compatibilityOf(tensors: readonly Tensor[], batching: Batching): string {
  let key = '';
  for (const t of tensors) {
    const shared = batching.mode === 'rows' && batching.shared.includes(t.name);
    key += `${t.name}:${t.dtype}:${shared ? t.shape.join() : t.shape.slice(1).join()};`;
    if (shared && ArrayBuffer.isView(t.data))
      key += createHash('sha1')
        .update(t.data as Uint8Array)
        .digest('hex');
  }
  return key;
}
