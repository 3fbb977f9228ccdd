import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { JitneyError } from '@jitney/core';
import {
  byteLength,
  compressed,
  DROPPED_BYTES,
  type ErrorShape,
  errorAnswer,
  type HttpAnswer,
  LINGER_MS,
  ONE_PIECE_BYTES,
  varyByEncoding,
} from './answer.js';
import { type BodyLimits, type BodySink, readBody } from './body.js';
import { type Incoming, SERVER_TIMING } from './incoming.js';

export interface NodeIncomingOptions {
  readonly requestId: string;
  /** A client that takes nothing of its answer for so long is left. */
  readonly stallMs: number;
}

/** A request that Node's own HTTP server has read. Headers that its answer has whatever it is are set on the response. */
export class NodeIncoming implements Incoming {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly #stallMs: number;

  constructor(request: IncomingMessage, response: ServerResponse, options: NodeIncomingOptions) {
    this.request = request;
    this.response = response;
    this.requestId = options.requestId;
    this.#stallMs = options.stallMs;
  }

  get headers(): IncomingHttpHeaders {
    return this.request.headers;
  }

  get brokenBy(): JitneyError | null {
    const { errored } = this.request.socket;
    return errored instanceof JitneyError ? errored : null;
  }

  readBody(limits: BodyLimits, sink: BodySink): void {
    readBody(this.request, limits, sink);
  }

  closeAfterwards(): void {
    this.response.setHeader('connection', 'close');
  }

  respond(answer: HttpAnswer, serverTiming: string): void {
    if (this.response.destroyed || this.response.headersSent) return;
    this.response.setHeader(SERVER_TIMING, serverTiming);
    compressed(answer, this.request.headers['accept-encoding'], (encoded) => this.#write(encoded));
  }

  respondError(shape: ErrorShape, error: JitneyError): void {
    const { request, response } = this;
    if (response.destroyed || response.headersSent) return;
    const answer = errorAnswer(shape(error, this.requestId), error, request.headers);
    const staysOpen = mostBytesLeft(request) <= DROPPED_BYTES;
    const headers = headersOf(answer);
    if (!staysOpen) headers.connection = 'close';
    response.writeHead(answer.status, headers);
    if (staysOpen) {
      response.end(answer.chunks[0]);
      request.resume();
    } else {
      response.write(answer.chunks[0]);
      readOn(request, response, () => response.end());
    }
  }

  whenOver(listener: { over(): void }): void {
    const { response } = this;
    const { socket } = this.request;
    let isOver = false;
    const over = () => {
      if (isOver) return;
      isOver = true;
      socket.off('close', over);
      listener.over();
    };
    response.once('close', over);
    // The answer to a pipelined request has no connection until its turn comes, and is not told when that closes.
    if (response.socket === null) socket.setMaxListeners(0).once('close', over);
  }

  #write(answer: HttpAnswer): void {
    const { request, response } = this;
    if (response.destroyed) return;
    const headers = headersOf(answer);
    if (request.headers['accept-encoding'] !== undefined) {
      headers.vary = varyByEncoding(response.getHeader('vary') as string | undefined);
    }
    response.writeHead(answer.status, headers);
    const [only] = answer.chunks;
    if (answer.chunks.length === 1 && only instanceof Buffer && only.byteLength <= ONE_PIECE_BYTES) {
      // Node joins a text to the headers and writes one buffer, where it hands a buffer to the system beside them.
      response.end(only.toString('latin1'), 'latin1');
    } else {
      writeAll(response, answer.chunks);
    }
    // What the system did not take at once waits for the client. Node sets the time of an idle connection again later.
    const { socket } = response;
    if (socket !== null && socket.writableLength > 0) socket.setTimeout(this.#stallMs);
  }
}

function headersOf({ contentType, headers, chunks }: HttpAnswer): OutgoingHttpHeaders {
  return { 'content-type': contentType, ...headers, 'content-length': byteLength(chunks) };
}

function writeAll(response: ServerResponse, chunks: readonly Uint8Array[]): void {
  const last = chunks.length - 1;
  if (last > 0) response.cork();
  for (let i = 0; i < last; i++) response.write(chunks[i]);
  response.end(chunks[last]);
  if (last > 0) response.uncork();
}

/** Bytes of the body that may not have been read. Node says that a request is complete only after its handler has run. */
function mostBytesLeft({ complete, headers }: IncomingMessage): number {
  if (complete) return 0;
  if (headers['transfer-encoding'] !== undefined) return Number.POSITIVE_INFINITY;
  return Number(headers['content-length'] ?? 0);
}

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
