import type { IncomingMessage } from 'node:http';
import { createGunzip, createInflate, type Gunzip, type Inflate } from 'node:zlib';
import { JitneyError } from '@jitney/core';

export interface BodyLimits {
  /** Bytes of a body, after decompression too. */
  readonly maxBodyBytes: number;
  /** Pieces a chunked body may come in. */
  readonly maxChunks: number;
}

/** Takes a body as it arrives, in chunks of at most 64 KiB. May throw what the client should be told. */
export interface BodySink {
  write(chunk: Uint8Array): void;
}

/**
 * Feeds a request's body to `sink` as it arrives, decompressed where it says so. `done` is called exactly once.
 * What is above a limit ends early with TOO_LARGE; the connection is then closed after the answer, unread.
 */
export function readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  sink: BodySink,
  done: (error: JitneyError | null) => void,
): void {
  const refused = refuseUnread(request, limits);
  if (refused !== null) return done(refused);
  const inflate = inflaterFor(request);
  let bytes = 0;
  let chunks = 0;
  let isDone = false;
  const finish = (error: JitneyError | null) => {
    if (isDone) return;
    isDone = true;
    if (error !== null) {
      request.pause();
      inflate?.destroy();
    }
    done(error);
  };
  const take = (chunk: Uint8Array) => {
    if (isDone) return;
    bytes += chunk.byteLength;
    if (bytes > limits.maxBodyBytes) return finish(tooLarge(limits));
    try {
      sink.write(chunk);
    } catch (thrown) {
      finish(JitneyError.from(thrown));
    }
  };
  request.on('data', (chunk: Buffer) => {
    chunks += 1;
    if (chunks > limits.maxChunks) return finish(tooManyChunks(limits));
    if (inflate === null) take(chunk);
    else if (!inflate.write(chunk)) {
      request.pause();
      inflate.once('drain', () => request.resume());
    }
  });
  request.on('end', () => (inflate === null ? finish(null) : inflate.end()));
  request.on('aborted', () => finish(new JitneyError('CANCELLED', 'the client left before its body had arrived')));
  request.on('error', (error) => finish(new JitneyError('CANCELLED', 'the connection broke', { cause: error })));
  inflate?.on('data', take);
  inflate?.on('end', () => finish(null));
  inflate?.on('error', (error) =>
    finish(new JitneyError('INVALID_ARGUMENT', `the body is not valid ${encodingOf(request)}: ${error.message}`)),
  );
}

/** What the headers alone decide. */
function refuseUnread(request: IncomingMessage, limits: BodyLimits): JitneyError | null {
  const length = request.headers['content-length'];
  if (length !== undefined && Number(length) > limits.maxBodyBytes) return tooLarge(limits);
  const encoding = encodingOf(request);
  if (encoding === 'identity' || encoding === 'gzip' || encoding === 'deflate') return null;
  return new JitneyError(
    'UNSUPPORTED',
    `Content-Encoding '${encoding}' is not supported: use gzip, deflate or identity`,
  );
}

function encodingOf(request: IncomingMessage): string {
  return request.headers['content-encoding']?.trim().toLowerCase() || 'identity';
}

function inflaterFor(request: IncomingMessage): Gunzip | Inflate | null {
  switch (encodingOf(request)) {
    case 'gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    default:
      return null;
  }
}

function tooLarge({ maxBodyBytes }: BodyLimits): JitneyError {
  return new JitneyError(
    'TOO_LARGE',
    `the body exceeds the maximum allowed input size of ${maxBodyBytes} bytes: raise it with --max-body-bytes`,
  );
}

function tooManyChunks({ maxChunks }: BodyLimits): JitneyError {
  return new JitneyError('TOO_LARGE', `the body came in more than ${maxChunks} chunks: send larger ones`);
}
