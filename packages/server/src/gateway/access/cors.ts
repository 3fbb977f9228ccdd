import type { IncomingMessage, ServerResponse } from 'node:http';

/** The headers of an answer to a page of that origin, or to a program that names none. */
export type Cors = (origin: string | undefined) => Readonly<Record<string, string>>;

/** Lets pages of the listed origins read answers (`*`: of all); `null` where none is listed. */
export function createCors(origins: readonly string[]): Cors | null {
  if (origins.length === 0) return null;
  const everyone = origins.includes('*');
  // Also where it is not listed: a cache must not give its answer to one that is.
  const others: Record<string, string> = everyone ? {} : { vary: 'origin' };
  return (origin) => {
    if (origin === undefined || !(everyone || origins.includes(origin))) return others;
    return {
      ...others,
      'access-control-allow-origin': everyone ? '*' : origin,
      'access-control-expose-headers': 'x-request-id, retry-after, inference-header-content-length, server-timing',
    };
  };
}

/** Answers a browser's question before the request itself. False: it is not one, or not of a listed origin. */
export function answerPreflight(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method !== 'OPTIONS' || !response.hasHeader('access-control-allow-origin')) return false;
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers':
      'authorization, content-type, x-api-key, x-request-id, x-request-timeout-ms, inference-header-content-length',
    'access-control-max-age': '86400',
  });
  response.end();
  return true;
}
