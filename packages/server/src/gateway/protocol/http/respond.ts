import type { IncomingMessage, ServerResponse } from 'node:http';
import { deflate, gzip } from 'node:zlib';
import type { JitneyError } from '@jitney/core';
import { chooseEncoding } from './accept-encoding.js';
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

/** Sends the answer, compressed as the client likes it best. */
export function respond(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
  if (response.destroyed || response.headersSent) return;
  let length = 0;
  for (const chunk of answer.chunks) length += chunk.byteLength;
  const accepted = request.headers['accept-encoding'];
  const encoding = length < COMPRESS_ABOVE_BYTES ? 'identity' : chooseEncoding(accepted);
  const headers: Record<string, string | number> = { 'content-type': answer.contentType, ...answer.headers };
  if (accepted !== undefined) headers.vary = 'accept-encoding';
  if (encoding === 'identity') {
    headers['content-length'] = length;
    response.writeHead(answer.status, headers);
    return writeAll(response, answer.chunks);
  }
  const compress = encoding === 'gzip' ? gzip : deflate;
  compress(
    answer.chunks.length === 1 ? (answer.chunks[0] as Uint8Array) : Buffer.concat(answer.chunks),
    (error, body) => {
      if (response.destroyed) return;
      if (error === null) headers['content-encoding'] = encoding;
      const chunks = error === null ? [body] : answer.chunks;
      headers['content-length'] = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
      response.writeHead(answer.status, headers);
      writeAll(response, chunks);
    },
  );
}

function writeAll(response: ServerResponse, chunks: readonly Uint8Array[]): void {
  const last = chunks.length - 1;
  if (last > 0) response.cork();
  for (let i = 0; i < last; i++) response.write(chunks[i]);
  response.end(chunks[last]);
  if (last > 0) response.uncork();
}

/** Sends an error in the protocol's shape. What the client has not sent yet is not read: the connection closes. */
export function respondError(
  request: IncomingMessage,
  response: ServerResponse,
  failure: { readonly error: JitneyError; readonly shape: ErrorShape; readonly requestId: string },
): void {
  const { error, shape, requestId } = failure;
  const headers: Record<string, string> = {};
  if (error.retryAfterMs !== undefined)
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1_000)));
  if (error.code === 'UNSUPPORTED' && request.headers['content-encoding']) headers['accept-encoding'] = 'gzip, deflate';
  if (!request.complete) {
    headers.connection = 'close';
    closeUnread(request, response);
  }
  const body = Buffer.from(shape(error, requestId));
  respond(request, response, {
    status: httpStatus(error.code),
    contentType: 'application/json; charset=utf-8',
    chunks: [body],
    headers,
  });
}

/** So much of a refused body is read and dropped, so that the client reads the answer before the connection resets. */
const LINGER_BYTES = 1024 * 1024;
const LINGER_MS = 1_000;

function closeUnread(request: IncomingMessage, response: ServerResponse): void {
  let dropped = 0;
  const close = () => request.socket.destroy();
  response.once('finish', () => {
    const timer = setTimeout(close, LINGER_MS);
    request.socket.once('close', () => clearTimeout(timer));
    request.removeAllListeners('data');
    request.on('data', (chunk: Buffer) => {
      dropped += chunk.byteLength;
      if (dropped > LINGER_BYTES) close();
    });
    request.once('end', close);
    request.resume();
  });
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
