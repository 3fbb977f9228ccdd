import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { JitneyError, Moment } from '@jitney/core';
import { DROPPED_BYTES, type HttpAnswer, LINGER_MS } from '../answer.js';
import type { DataRoute } from '../data-route.js';
import { type PlainHead, parsePlainHead } from './head.js';
import { type AnsweringConnection, PlainRequest, type Welcome } from './request.js';
import { bodyText, type HttpDate, headText } from './response-text.js';

export interface PlainConnectionOptions {
  readonly now: () => Moment;
  readonly date: HttpDate;
  readonly maxHeaderBytes: number;
  readonly keepAliveTimeoutMs: number;
  /** The id that a request goes by, and the headers its answer has whatever it is. */
  readonly welcome: (headers: IncomingHttpHeaders) => Welcome;
  /** A request begins; its body comes next. */
  readonly serve: (request: PlainRequest, route: DataRoute) => void;
  /** What comes is not plain: Node's server has the connection from now on, beginning with `unread`. */
  readonly handOver: (socket: Socket, unread: Buffer) => void;
  readonly onClose: (connection: PlainConnection) => void;
}

/**
 * What a connection is doing.
 *
 * - `new`: nothing has come yet. `idle`: a request was answered.
 * - `reading`: the body of a request. `answering`: all of it is here.
 * - `writing`: the system has not taken all of the answer.
 * - `dropping`: what is left of a refused body; then idle, or closed.
 * - `gone`: closed, or Node's.
 */
type State = 'new' | 'idle' | 'reading' | 'answering' | 'writing' | 'dropping' | 'gone';

/** Requests that come before the last is answered wait in here; beyond so much nothing more is read. */
const MAX_KEPT_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);
/** Longer heads are read anew each time, so that a connection keeps little. */
const REMEMBERED_BYTES = 2 * 1024;

/**
 * A connection whose requests are plain: POSTs to models, each head in one piece, bodies of a known length, one after the
 * other. That is what clients of models send, and it takes half the processor time of Node's general server (bench
 * small-json). At the first byte of anything else the connection goes to that.
 */
export class PlainConnection implements AnsweringConnection {
  readonly socket: Socket;
  /** When it began to do what it does. */
  sinceMs: Moment;
  readonly #options: PlainConnectionOptions;
  #state: State = 'new';
  #request: PlainRequest | null = null;
  /** Bytes that came behind the request. */
  #kept: Buffer = NOTHING;
  /** Clients send the same head again and again: the last one is compared before it is read. */
  #lastBytes: Buffer = NOTHING;
  #lastHead: PlainHead | null = null;
  #dropLeft = 0;
  #closesAfterDrop = false;

  constructor(socket: Socket, options: PlainConnectionOptions) {
    this.socket = socket;
    this.#options = options;
    this.sinceMs = options.now();
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', ignore);
    socket.on('close', this.#onClose);
    socket.on('drain', this.#onDrain);
    socket.on('timeout', this.#onStalled);
  }

  get state(): State {
    return this.#state;
  }

  /** A request is under way. */
  get isBusy(): boolean {
    return this.#state !== 'new' && this.#state !== 'idle' && this.#state !== 'gone';
  }

  /** The body of its request took too long. */
  failBody(error: JitneyError): void {
    this.#request?.failBody(error);
  }

  write(answer: HttpAnswer, closes: boolean, headers = ''): void {
    this.#send(answer, closes, headers);
    if (closes) this.#closeOnceWritten();
    else if (this.socket.writableNeedDrain) this.#awaitDrain();
    else this.#answered();
  }

  writeEarly(answer: HttpAnswer, closes: boolean): void {
    const { bodyLeft } = this.#request as PlainRequest;
    if (bodyLeft === 0) return this.write(answer, closes);
    // Closing at once would reset the connection, and the client would lose the answer over the failure of its own write
    // (RFC 9112 §9.6).
    this.#closesAfterDrop = closes || bodyLeft > DROPPED_BYTES;
    this.#send(answer, this.#closesAfterDrop);
    this.#dropLeft = Math.min(bodyLeft, DROPPED_BYTES);
    this.#endRequest();
    this.#become('dropping');
    if (this.#closesAfterDrop) setTimeout(() => this.socket.destroy(), LINGER_MS).unref();
  }

  readonly #onData = (chunk: Buffer): void => {
    switch (this.#state) {
      case 'new':
      case 'idle':
        return this.#read(chunk);
      case 'reading':
        return this.#readBody(chunk);
      case 'answering':
      case 'writing':
        return this.#keep(chunk);
      case 'dropping':
        return this.#drop(chunk);
      case 'gone':
        return;
    }
  };

  /** Reads requests for as long as whole ones are here and answered at once. */
  #read(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && (this.#state === 'new' || this.#state === 'idle')) {
      const headBytes = this.#readHead(rest);
      if (headBytes === 0) return this.#handOver(rest);
      rest = rest.subarray(headBytes);
      this.#begin(this.#lastHead as PlainHead);
      rest = this.#afterBody(rest);
    }
    if (rest.length > 0) this.#onData(rest);
  }

  #begin(head: PlainHead): void {
    const { welcome, serve } = this.#options;
    const request = new PlainRequest(this, head, welcome(head.headers));
    this.#become('reading');
    this.#request = request;
    serve(request, head.route);
  }

  /** Bytes of the head at the start of `chunk`; 0: it is none of ours. */
  #readHead(chunk: Buffer): number {
    const known = this.#lastBytes;
    const isKnown =
      known.length > 0 && chunk.length >= known.length && known.compare(chunk, 0, known.length, 0, known.length) === 0;
    if (isKnown) return known.length;
    const end = chunk.indexOf('\r\n\r\n', 0, 'latin1');
    if (end < 0 || end > this.#options.maxHeaderBytes) return 0;
    const head = parsePlainHead(chunk.toString('latin1', 0, end));
    if (head === null) return 0;
    const length = end + 4;
    this.#lastHead = head;
    this.#lastBytes = length <= REMEMBERED_BYTES ? Buffer.from(chunk.subarray(0, length)) : NOTHING;
    return length;
  }

  #readBody(chunk: Buffer): void {
    const rest = this.#afterBody(chunk);
    if (rest.length > 0) this.#onData(rest);
  }

  /** Hands the request what is its own of `chunk`; answers the rest. */
  #afterBody(chunk: Buffer): Buffer {
    const request = this.#request;
    if (request === null || this.#state !== 'reading') return chunk;
    const own = Math.min(request.bodyLeft, chunk.length);
    const isWhole = own === request.bodyLeft;
    if (isWhole) this.#become('answering');
    if (own > 0) request.take(own === chunk.length ? chunk : chunk.subarray(0, own));
    return chunk.subarray(own);
  }

  #keep(chunk: Buffer): void {
    this.#kept = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    if (this.#kept.length > MAX_KEPT_BYTES) this.socket.pause();
  }

  #drop(chunk: Buffer): void {
    const dropped = Math.min(this.#dropLeft, chunk.length);
    this.#dropLeft -= dropped;
    if (this.#dropLeft > 0) return;
    if (this.#closesAfterDrop) return void this.socket.end();
    this.#become('idle');
    if (dropped < chunk.length) this.#read(chunk.subarray(dropped));
  }

  #send(answer: HttpAnswer, closes: boolean, headers = ''): void {
    const { socket } = this;
    const { keepAliveTimeoutMs, date } = this.#options;
    const head = headText(answer, {
      common: (this.#request as PlainRequest).common,
      more: headers,
      keepAliveSeconds: closes ? 'close' : Math.floor(keepAliveTimeoutMs / 1_000),
      date: date.at(Date.now()),
    });
    const body = bodyText(answer);
    if (body !== null) return void socket.write(head + body, 'latin1');
    socket.cork();
    socket.write(head, 'latin1');
    for (const chunk of answer.chunks) socket.write(chunk);
    socket.uncork();
  }

  #awaitDrain(): void {
    this.#become('writing');
    this.socket.setTimeout(this.#options.keepAliveTimeoutMs);
  }

  readonly #onDrain = (): void => {
    if (this.#state !== 'writing') return;
    this.socket.setTimeout(0);
    this.#answered();
  };

  readonly #onStalled = (): void => void this.socket.destroy();

  #closeOnceWritten(): void {
    this.#become('writing');
    this.socket.setTimeout(this.#options.keepAliveTimeoutMs);
    this.socket.end(() => this.#endRequest());
  }

  /** The answer is out: the next request may be here already. */
  #answered(): void {
    this.#endRequest();
    this.#become('idle');
    const kept = this.#kept;
    if (kept.length === 0) return;
    this.#kept = NOTHING;
    this.socket.resume();
    setImmediate(() => this.#onData(kept));
  }

  #endRequest(): void {
    const request = this.#request;
    this.#request = null;
    request?.end();
  }

  #handOver(unread: Buffer): void {
    const { socket } = this;
    this.#become('gone');
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('error', ignore);
    socket.off('close', this.#onClose);
    socket.off('drain', this.#onDrain);
    socket.off('timeout', this.#onStalled);
    this.#options.onClose(this);
    this.#options.handOver(socket, unread);
  }

  /** Whoever sends no more waits for nothing any more, as with Node's server. */
  readonly #onEnd = (): void => {
    if (this.#state === 'writing') return;
    this.#become('gone');
    this.#endRequest();
    this.socket.end();
  };

  readonly #onClose = (): void => {
    this.#become('gone');
    this.#endRequest();
    this.#options.onClose(this);
  };

  #become(state: State): void {
    this.#state = state;
    this.sinceMs = this.#options.now();
  }
}

function ignore(): void {}
