import { randomBytes } from 'node:crypto';

const ACCEPTABLE = /^[\w.:@/+-]{1,128}$/;

/** Request ids of a gateway: unique between processes by a random start, cheap by a counter. */
export function createRequestIds(): () => string {
  const start = randomBytes(6).toString('base64url');
  let count = 0;
  return () => `${start}-${(++count).toString(36)}`;
}

/** A client's own id, where it is fit for logs and headers. */
export function acceptRequestId(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && ACCEPTABLE.test(header) ? header : null;
}
