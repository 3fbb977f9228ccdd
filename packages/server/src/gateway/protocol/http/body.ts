import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createGunzip, createInflate, type Gunzip, type Inflate } from 'node:zlib';
import { JitneyError } from '@jitney/core';

export interface BodyLimits {
  /** Bytes of a body, after decompression too. */
  readonly maxBodyBytes: number;
  /** Pieces a chunked body may come in. */
  readonly maxChunks: number;
}

/** Takes a body as it arrives. */
export interface BodySink {
  /** A chunk of at most 64 KiB. May throw what the client should be told. */
  write(chunk: Buffer): void;
  /** All of it has come, or it ended early with this error. Called at most once: not at all when the connection breaks. */
  end(failed: JitneyError | null): void;
}

/**
 * Feeds a request's body to `sink` as it arrives, decompressed where it says so. What is above a limit ends early with
 * TOO_LARGE, the rest unread.
 */
export function readBody(request: IncomingMessage, limits: BodyLimits, sink: BodySink): void {
  const refused = refuseUnread(request.headers, limits);
  if (refused !== null) return sink.end(refused);
  const reader = new BodyReader(request.headers, limits, {
    write: (chunk) => sink.write(chunk),
    end(failed) {
      if (failed !== null) request.pause();
      sink.end(failed);
    },
  });
  const inflate = inflaterFor(request.headers);
  if (inflate === null) readPlain(request, reader);
  else readCompressed(request, inflate, reader);
}

function readPlain(request: IncomingMessage, reader: BodyReader): void {
  request.on('data', (chunk: Buffer) => reader.read(chunk));
  request.on('end', () => reader.end());
}

function readCompressed(request: IncomingMessage, inflate: Gunzip | Inflate, reader: BodyReader): void {
  request.on('data', (chunk: Buffer) => {
    if (!reader.countChunk() || inflate.write(chunk)) return;
    request.pause();
    inflate.once('drain', () => request.resume());
  });
  request.on('end', () => inflate.end());
  // It closes as well when all of it has come, and then there is still something to inflate.
  request.on('close', () => {
    if (!request.complete) inflate.destroy();
  });
  inflate.on('data', (chunk: Buffer) => {
    reader.take(chunk);
    if (reader.isDone) inflate.destroy();
  });
  inflate.on('end', () => reader.end());
  inflate.on('error', (error) => {
    const encoding = encodingOf(request.headers);
    reader.fail(new JitneyError('INVALID_ARGUMENT', `the body is not valid ${encoding}: ${error.message}`));
  });
}

/** Keeps the limits of a body that arrives in chunks. */
export class BodyReader {
  readonly #limits: BodyLimits;
  readonly #maxChunks: number;
  readonly #sink: BodySink;
  #bytes = 0;
  #chunks = 0;
  #isDone = false;

  constructor(headers: IncomingHttpHeaders, limits: BodyLimits, sink: BodySink) {
    this.#limits = limits;
    this.#maxChunks = mostChunks(headers, limits);
    this.#sink = sink;
  }

  /** All of it has come, or it ended early. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** A chunk as the connection brought it. */
  read(chunk: Buffer): void {
    if (this.countChunk()) this.take(chunk);
  }

  /** Counts one that is to be decompressed first. False: no more is wanted. */
  countChunk(): boolean {
    this.#chunks += 1;
    if (this.#chunks > this.#maxChunks) this.fail(tooManyChunks(this.#limits));
    return !this.#isDone;
  }

  take(chunk: Buffer): void {
    if (this.#isDone) return;
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#limits.maxBodyBytes) return this.fail(tooLarge(this.#limits));
    try {
      this.#sink.write(chunk);
    } catch (thrown) {
      this.fail(JitneyError.from(thrown));
    }
  }

  end(): void {
    this.#finish(null);
  }

  fail(error: JitneyError): void {
    this.#finish(error);
  }

  #finish(error: JitneyError | null): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#sink.end(error);
  }
}

/** Packets of a slow network may be so small. A body that tells its length may come in as many of them as it fills. */
const PACKET_BYTES = 512;

function mostChunks(headers: IncomingHttpHeaders, { maxChunks }: BodyLimits): number {
  return Math.max(maxChunks, Math.ceil(Number(headers['content-length'] ?? 0) / PACKET_BYTES));
}

/** What the headers alone decide. */
export function refuseUnread(headers: IncomingHttpHeaders, limits: BodyLimits): JitneyError | null {
  const length = headers['content-length'];
  if (length !== undefined && Number(length) > limits.maxBodyBytes) return tooLarge(limits);
  const encoding = encodingOf(headers);
  if (encoding === 'identity' || encoding === 'gzip' || encoding === 'deflate') return null;
  return new JitneyError(
    'UNSUPPORTED',
    `Content-Encoding '${encoding}' is not supported: use gzip, deflate or identity`,
  );
}

function encodingOf(headers: IncomingHttpHeaders): string {
  const encoding = headers['content-encoding'];
  return encoding === undefined ? 'identity' : encoding.trim().toLowerCase() || 'identity';
}

function inflaterFor(headers: IncomingHttpHeaders): Gunzip | Inflate | null {
  switch (encodingOf(headers)) {
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
