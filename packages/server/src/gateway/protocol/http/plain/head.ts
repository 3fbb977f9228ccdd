import type { IncomingHttpHeaders } from 'node:http';
import { type DataRoute, dataRoute } from '../data-route.js';

/** What came before the body of a plain request: a POST to a model, of a length that is told. */
export interface PlainHead {
  readonly route: DataRoute;
  /** By their names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly bodyBytes: number;
}

const REQUEST_LINE = /^POST (\/[!-~]*) HTTP\/1\.1$/;
/** Nothing that two readers could understand in different ways: no folded lines, no space before a colon. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t -~\x80-\xff]*$/;
const LENGTH = /^\d{1,10}$/;

/** Headers that ask for more than to read a body of a known length and to answer. */
const ASKS_FOR_MORE: ReadonlySet<string> = new Set([
  'content-encoding',
  'expect',
  'http2-settings',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Reads the head of a request, up to but without the empty line. `null`: it is not plain, which says nothing of whether
 * it is right; Node's own server must have it.
 */
export function parsePlainHead(head: string): PlainHead | null {
  const lines = head.split('\r\n');
  const path = REQUEST_LINE.exec(lines[0] as string)?.[1];
  const route = path === undefined ? null : dataRoute(path);
  if (route === null) return null;
  const headers = parseHeaders(lines);
  if (headers === null) return null;
  const { host, connection, 'content-length': length } = headers;
  if (host === undefined || length === undefined || !LENGTH.test(length)) return null;
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return null;
  return { route, headers, bodyBytes: Number(length) };
}

/** `null` also where a name comes twice: what that means depends on the name. */
function parseHeaders(lines: readonly string[]): IncomingHttpHeaders | null {
  const headers: Record<string, string> = Object.create(null);
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string;
    const colon = line.indexOf(':');
    if (colon < 1) return null;
    const name = line.slice(0, colon);
    if (!NAME.test(name) || !VALUE.test(line)) return null;
    const known = name.toLowerCase();
    if (known in headers || ASKS_FOR_MORE.has(known)) return null;
    headers[known] = withoutBlanks(line, colon + 1);
  }
  return headers;
}

/** What follows `from`, without the blanks around it. */
function withoutBlanks(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start += 1;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1;
  return line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
