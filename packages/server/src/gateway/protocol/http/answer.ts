import type { IncomingHttpHeaders } from 'node:http';
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

/** Answers up to this size are written together with their headers: 2 µs less (bench small-json). */
export const ONE_PIECE_BYTES = 16 * 1_024;

/** So much of a refused body is read and dropped, so that the connection can stay open. */
export const DROPPED_BYTES = 1024 * 1024;
/** And, where the connection is to be closed, for so long. */
export const LINGER_MS = 1_000;

export const JSON_TYPE = 'application/json; charset=utf-8';

/** Bytes of all chunks together. */
export function byteLength(chunks: readonly Uint8Array[]): number {
  let length = 0;
  for (const chunk of chunks) length += chunk.byteLength;
  return length;
}

/** The answer as the client likes it best: `send` gets it at once where there is nothing to compress. */
export function compressed(answer: HttpAnswer, accepted: string | undefined, send: (answer: HttpAnswer) => void): void {
  const encoding = byteLength(answer.chunks) < COMPRESS_ABOVE_BYTES ? 'identity' : chooseEncoding(accepted);
  if (encoding === 'identity') return send(answer);
  const compress = encoding === 'gzip' ? gzip : deflate;
  compress(Buffer.concat(answer.chunks), (error, body) => {
    if (error !== null) return send(answer);
    send({ ...answer, headers: { ...answer.headers, 'content-encoding': encoding }, chunks: [body] });
  });
}

/** The header `Vary` of an answer that also depends on what encodings the client accepts. */
export function varyByEncoding(others: string | undefined): string {
  return others === undefined ? 'accept-encoding' : `${others}, accept-encoding`;
}

/** An error as the answer of a protocol; `request` are the headers it answers to. */
export function errorAnswer(body: string, error: JitneyError, request: IncomingHttpHeaders): HttpAnswer {
  const headers: Record<string, string> = {};
  if (error.retryAfterMs !== undefined)
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1_000)));
  if (error.code === 'UNAUTHENTICATED') headers['www-authenticate'] = 'Bearer';
  if (error.code === 'UNSUPPORTED' && request['content-encoding']) headers['accept-encoding'] = 'gzip, deflate';
  return { status: httpStatus(error.code), contentType: JSON_TYPE, chunks: [Buffer.from(body)], headers };
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
