import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { deflate, gzip } from 'node:zlib';
import type { JitneyError } from '@jitney/core';
import { chooseEncoding } from './accept-encoding.js';
import type { Incoming } from './incoming.js';
import { httpStatus } from './status.js';

/** An answer as a protocol made it. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly chunks: readonly Uint8Array[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a protocol writes an error. */
export type ErrorShape = (error: JitneyError, requestId: string) => string;

/** Below this many bytes an answer is sent as it is: compressing gains nothing. */
const COMPRESS_ABOVE_BYTES = 1_024;

/** Answers up to this size are written together with their headers: 2 µs less (bench small-json). */
const ONE_PIECE_BYTES = 16 * 1_024;

/**
 * Sends the answer, compressed as the client likes it best.
 * @param stallMs - a client that takes nothing of it for so long is left
 */
export function respond({ request, response, headers: common }: Incoming, answer: HttpAnswer, stallMs: number): void {
  if (response.destroyed || response.headersSent) return;
  const length = byteLength(answer.chunks);
  const accepted = request.headers['accept-encoding'];
  const encoding = length < COMPRESS_ABOVE_BYTES ? 'identity' : chooseEncoding(accepted);
  const headers: OutgoingHttpHeaders = { ...common, 'content-type': answer.contentType, ...answer.headers };
  if (accepted !== undefined) headers.vary = vary(response, 'accept-encoding');
  const send = (chunks: readonly Uint8Array[]) => {
    if (response.destroyed) return;
    const total = byteLength(chunks);
    headers['content-length'] = total;
    response.writeHead(answer.status, headers);
    const [only] = chunks;
    if (chunks.length === 1 && total <= ONE_PIECE_BYTES && only instanceof Buffer) writeInOnePiece(response, only);
    else writeAll(response, chunks);
    // What the system did not take at once waits for the client. Node sets the time of an idle connection again later.
    const { socket } = response;
    if (socket !== null && socket.writableLength > 0) socket.setTimeout(stallMs);
  };
  if (encoding === 'identity') return send(answer.chunks);
  const compress = encoding === 'gzip' ? gzip : deflate;
  compress(Buffer.concat(answer.chunks), (error, body) => {
    if (error !== null) return send(answer.chunks);
    headers['content-encoding'] = encoding;
    send([body]);
  });
}

/** Bytes of all chunks together. */
export function byteLength(chunks: readonly Uint8Array[]): number {
  let length = 0;
  for (const chunk of chunks) length += chunk.byteLength;
  return length;
}

/** The header `Vary` with one more name. */
function vary(response: ServerResponse, name: string): string {
  const others = response.getHeader('vary');
  return others === undefined ? name : `${others}, ${name}`;
}

/** Node joins a text to the headers and writes one buffer, where it hands a buffer to the system beside them. */
function writeInOnePiece(response: ServerResponse, chunk: Buffer): void {
  response.end(chunk.toString('latin1'), 'latin1');
}

function writeAll(response: ServerResponse, chunks: readonly Uint8Array[]): void {
  const last = chunks.length - 1;
  if (last > 0) response.cork();
  for (let i = 0; i < last; i++) response.write(chunks[i]);
  response.end(chunks[last]);
  if (last > 0) response.uncork();
}

/**
 * Sends an error in the protocol's shape. The connection stays open where all of the request has come or little of it is
 * left, else it is closed.
 */
export function respondError(
  { request, response, requestId, headers }: Incoming,
  shape: ErrorShape,
  error: JitneyError,
  status = httpStatus(error.code),
): void {
  if (response.destroyed || response.headersSent) return;
  const body = Buffer.from(shape(error, requestId));
  const staysOpen = mostBytesLeft(request) <= DROPPED_BYTES;
  response.writeHead(status, {
    ...headers,
    'content-type': JSON_TYPE,
    'content-length': body.byteLength,
    ...headersOf(error, request),
    ...(staysOpen ? {} : { connection: 'close' }),
  });
  if (staysOpen) {
    response.end(body);
    request.resume();
  } else {
    response.write(body);
    readOn(request, response, () => response.end());
  }
}

/** Bytes of the body that may not have been read. Node says that a request is complete only after its handler has run. */
function mostBytesLeft({ complete, headers }: IncomingMessage): number {
  if (complete) return 0;
  if (headers['transfer-encoding'] !== undefined) return Number.POSITIVE_INFINITY;
  return Number(headers['content-length'] ?? 0);
}

export const JSON_TYPE = 'application/json; charset=utf-8';

function headersOf(error: JitneyError, request: IncomingMessage): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  if (error.retryAfterMs !== undefined)
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1_000)));
  if (error.code === 'UNAUTHENTICATED') headers['www-authenticate'] = 'Bearer';
  if (error.code === 'UNSUPPORTED' && request.headers['content-encoding']) headers['accept-encoding'] = 'gzip, deflate';
  return headers;
}

/** So much of a refused body is read and dropped. */
const DROPPED_BYTES = 1024 * 1024;
/** And, where the connection is to be closed, for so long. */
export const LINGER_MS = 1_000;

/**
 * Reads what the client still sends, within bounds, before the connection is closed: closing it at once would reset it,
 * and the client would lose the answer over the failure of its own write (RFC 9112 §9.6).
 */
function readOn(request: IncomingMessage, response: ServerResponse, close: () => void): void {
  let dropped = 0;
  const timer = setTimeout(close, LINGER_MS);
  response.once('close', () => clearTimeout(timer));
  request.removeAllListeners('data');
  request.on('data', (chunk: Buffer) => {
    dropped += chunk.byteLength;
    if (dropped > DROPPED_BYTES) close();
  });
  request.once('end', close);
  request.resume();
}

/** `{"error": "…"}`, as the Open Inference Protocol has it. */
export const oipErrorShape: ErrorShape = (error) => JSON.stringify({ error: error.message });

/** `{"error": {"code", "message", "requestId"}}`: Jitney's own routes. */
export const ownErrorShape: ErrorShape = (error, requestId) =>
  JSON.stringify({
    error: {
      code: error.code,
      message: error.message,
      ...(error.item === undefined ? {} : { item: error.item }),
      requestId,
    },
  });

/** The shape of the protocol that a path belongs to. */
export const errorShapeFor = (path: string): ErrorShape =>
  /^\/v2(?:[/?]|$)/.test(path) ? oipErrorShape : ownErrorShape;
