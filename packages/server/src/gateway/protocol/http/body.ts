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
 * Feeds a request's body to `sink` as it arrives, decompressed where it says so. `done` is called at most once: not at
 * all when the connection breaks before the body has ended, which its response tells by closing.
 * What is above a limit ends early with TOO_LARGE, the rest unread.
 */
export function readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  sink: BodySink,
  done: (error: JitneyError | null) => void,
): void {
  const refused = refuseUnread(request, limits);
  if (refused !== null) return done(refused);
  const reader = new BodyReader(request, limits, sink, done);
  const inflate = inflaterFor(request);
  if (inflate === null) reader.readPlain();
  else reader.readCompressed(inflate);
}

class BodyReader {
  readonly #request: IncomingMessage;
  readonly #limits: BodyLimits;
  readonly #maxChunks: number;
  readonly #sink: BodySink;
  readonly #done: (error: JitneyError | null) => void;
  #bytes = 0;
  #chunks = 0;
  #isDone = false;

  constructor(request: IncomingMessage, limits: BodyLimits, sink: BodySink, done: (error: JitneyError | null) => void) {
    this.#request = request;
    this.#limits = limits;
    this.#maxChunks = mostChunks(request, limits);
    this.#sink = sink;
    this.#done = done;
  }

  readPlain(): void {
    this.#request.on('data', (chunk: Buffer) => {
      if (this.#countChunk()) this.#take(chunk);
    });
    this.#request.on('end', () => this.#finish(null));
  }

  readCompressed(inflate: Gunzip | Inflate): void {
    const request = this.#request;
    request.on('data', (chunk: Buffer) => {
      if (!this.#countChunk() || inflate.write(chunk)) return;
      request.pause();
      inflate.once('drain', () => request.resume());
    });
    request.on('end', () => inflate.end());
    // It closes as well when all of it has come, and then there is still something to inflate.
    request.on('close', () => {
      if (!request.complete) inflate.destroy();
    });
    inflate.on('data', (chunk: Buffer) => {
      this.#take(chunk);
      if (this.#isDone) inflate.destroy();
    });
    inflate.on('end', () => this.#finish(null));
    inflate.on('error', (error) =>
      this.#finish(
        new JitneyError('INVALID_ARGUMENT', `the body is not valid ${encodingOf(request)}: ${error.message}`),
      ),
    );
  }

  #countChunk(): boolean {
    this.#chunks += 1;
    if (this.#chunks > this.#maxChunks) this.#finish(tooManyChunks(this.#limits));
    return !this.#isDone;
  }

  #take(chunk: Uint8Array): void {
    if (this.#isDone) return;
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#limits.maxBodyBytes) return this.#finish(tooLarge(this.#limits));
    try {
      this.#sink.write(chunk);
    } catch (thrown) {
      this.#finish(JitneyError.from(thrown));
    }
  }

  #finish(error: JitneyError | null): void {
    if (this.#isDone) return;
    this.#isDone = true;
    if (error !== null) this.#request.pause();
    this.#done(error);
  }
}

/** Packets of a slow network may be so small. A body that tells its length may come in as many of them as it fills. */
const PACKET_BYTES = 512;

function mostChunks({ headers }: IncomingMessage, { maxChunks }: BodyLimits): number {
  return Math.max(maxChunks, Math.ceil(Number(headers['content-length'] ?? 0) / PACKET_BYTES));
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
  const encoding = request.headers['content-encoding'];
  return encoding === undefined ? 'identity' : encoding.trim().toLowerCase() || 'identity';
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
    `the body exceeds the maximum allowed input size of ${maxBodyBytes} bytes: raise it with --set limits.maxBodyBytes=…`,
  );
}

function tooManyChunks({ maxChunks }: BodyLimits): JitneyError {
  return new JitneyError(
    'TOO_LARGE',
    `the body came in more than ${maxChunks} chunks: send larger ones, or raise it with --set limits.maxChunks=…`,
  );
}
