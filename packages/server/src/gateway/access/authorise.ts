import { createHash, timingSafeEqual } from 'node:crypto';
import { JitneyError } from '@jitney/core';

/** Headers a key may come in, lower-case: `Authorization: Bearer …` or `X-API-Key: …`. */
export interface KeyHeaders {
  readonly authorization?: string | undefined;
  readonly 'x-api-key'?: string | string[] | undefined;
}

/** Checks a request's key. @throws JitneyError `UNAUTHENTICATED` */
export type Authorise = (headers: KeyHeaders) => void;

/**
 * Guards with one key, known by its SHA-256 in hex alone and compared in constant time. `null`: everybody may pass.
 */
export function createAuthorise(keySha256: string | null): Authorise {
  if (keySha256 === null) return () => {};
  const expected = Buffer.from(keySha256, 'hex');
  return (headers) => {
    const given = keyOf(headers);
    if (given === null) throw new JitneyError('UNAUTHENTICATED', 'a key is needed: send Authorization: Bearer <key>');
    // Digests are of one length, so that the comparison tells nothing of the key's.
    if (!timingSafeEqual(digest(given), expected)) throw new JitneyError('UNAUTHENTICATED', 'the key is not valid');
  };
}

function keyOf(headers: KeyHeaders): string | null {
  const bearer = headers.authorization;
  if (bearer !== undefined && /^bearer /i.test(bearer)) return bearer.slice(7).trim();
  const plain = headers['x-api-key'];
  return typeof plain === 'string' ? plain : null;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
