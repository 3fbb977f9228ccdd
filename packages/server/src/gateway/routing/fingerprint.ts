import { createHash } from 'node:crypto';
import type { Body } from '../../wire/frames.js';

/** SHA-256 over a body, so that a request that ended a host is known again. The order of tensors counts. */
export function fingerprintOf(body: Body): string {
  const hash = createHash('sha256');
  if (body.kind === 'content') {
    hash.update(body.bytes);
  } else {
    for (const { name, dtype, shape, data } of body.tensors) {
      hash.update(JSON.stringify([name, dtype, shape]));
      if (ArrayBuffer.isView(data)) hash.update(data);
      else for (const element of data) hash.update(`${element.byteLength}:`).update(element);
    }
  }
  return hash.digest('hex');
}
