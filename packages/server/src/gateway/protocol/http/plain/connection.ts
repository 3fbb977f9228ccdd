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
 * - `writing`: the answer was given to the system, which has not taken all of it.
 * - `dropping`: what is left of a refused body.
 * - `closing`: the last answer is out; what still comes is not read.
 * - `gone`: closed, or Node's.
 */
type State = 'new' | 'idle' | 'reading' | 'answering' | 'writing' | 'dropping' | 'closing' | 'gone';

/** Requests that come before the last is answered wait in here; beyond so much nothing more is read. */
const MAX_PENDING_BYTES = 16 * 1024;
const NOTHING = Buffer.alloc(0);
/** Longer heads are read anew each time, so that a connection keeps little. */
const REMEMBERED_BYTES = 2 * 1024;

/**
 * A connection whose requests are plain: POSTs to models, each head in one piece, bodies of a known length, one after the
 * other. That is what clients of models send, and it takes half the processor time of Node's general server
 * (docs/design/plain-requests.md). At the first byte of anything else the connection goes to that.
 *
 * What arrives goes behind what is pending, and only `#advance` takes from the front: so bytes are read in their order
 * whenever answers come.
 */
export class PlainConnection implements AnsweringConnection {
  readonly socket: Socket;
  /** When it began to do what it does. */
  sinceMs: Moment;
  readonly #options: PlainConnectionOptions;
  #state: State = 'new';
  #request: PlainRequest | null = null;
  /** Came, and was not read yet. */
  #pending: Buffer = NOTHING;
  #isAdvancing = false;
  /** The client sends no more. */
  #hasEnded = false;
  /** The system has taken all that was written. */
  #isWritten = true;
  /** The connection ends once the answer is out. */
  #closes = false;
  #dropLeft = 0;
  /** Clients send the same head again and again: the last one is compared before it is read. */
  #lastBytes: Buffer = NOTHING;
  #lastHead: PlainHead | null = null;

  constructor(socket: Socket, options: PlainConnectionOptions) {
    this.socket = socket;
    this.#options = options;
    this.sinceMs = options.now();
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', ignore);
    socket.on('close', this.#onClose);
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
    this.#become('writing');
    this.#send(answer, closes, headers);
  }

  writeEarly(answer: HttpAnswer, closes: boolean): void {
    const { bodyLeft } = this.#request as PlainRequest;
    if (bodyLeft === 0) return this.write(answer, closes);
    this.#dropLeft = Math.min(bodyLeft, DROPPED_BYTES);
    this.#become('dropping');
    this.#send(answer, closes || bodyLeft > DROPPED_BYTES);
    // Closing at once would reset the connection, and the client would lose the answer over the failure of its own write
    // (RFC 9112 §9.6).
    if (this.#closes) this.#closeWithin(LINGER_MS);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#advance();
    if (this.#pending.length > MAX_PENDING_BYTES) this.socket.pause();
  };

  /** Reads on for as long as it can. */
  #advance(): void {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    while (this.#pending.length > 0 && this.#step());
    this.#isAdvancing = false;
    if (this.#pending.length <= MAX_PENDING_BYTES && this.socket.isPaused()) this.socket.resume();
  }

  /** False: what is pending must wait. */
  #step(): boolean {
    switch (this.#state) {
      case 'new':
      case 'idle':
        return this.#beginRequest();
      case 'reading':
        return this.#readBody(this.#request as PlainRequest);
      case 'dropping':
        return this.#drop();
      case 'answering':
      case 'writing':
        return false;
      case 'closing':
      case 'gone':
        this.#pending = NOTHING;
        return false;
    }
  }

  #beginRequest(): boolean {
    const headBytes = this.#readHead(this.#pending);
    if (headBytes === 0) {
      this.#handOver();
      return false;
    }
    this.#pending = this.#pending.subarray(headBytes);
    const { headers, route, bodyBytes } = this.#lastHead as PlainHead;
    const request = new PlainRequest(this, this.#lastHead as PlainHead, this.#options.welcome(headers));
    this.#request = request;
    this.#become('reading');
    this.#options.serve(request, route);
    if (bodyBytes === 0 && this.#state === 'reading') this.#become('answering');
    return true;
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

  #readBody(request: PlainRequest): boolean {
    const own = this.#take(request.bodyLeft);
    if (own.length === request.bodyLeft) this.#become('answering');
    request.take(own);
    return true;
  }

  #drop(): boolean {
    this.#dropLeft -= this.#take(this.#dropLeft).length;
    if (this.#dropLeft === 0) this.#dropped();
    return true;
  }

  #dropped(): void {
    this.#become('writing');
    if (this.#isWritten) this.#answered();
  }

  /** The next bytes, at most so many. */
  #take(most: number): Buffer {
    const taken = this.#pending.subarray(0, most);
    this.#pending = this.#pending.subarray(taken.length);
    return taken;
  }

  #send(answer: HttpAnswer, closes: boolean, headers = ''): void {
    const { socket } = this;
    const { keepAliveTimeoutMs, date } = this.#options;
    this.#closes = closes;
    this.#isWritten = false;
    const head = headText(answer, {
      common: (this.#request as PlainRequest).common,
      more: headers,
      keepAliveSeconds: closes ? 'close' : Math.floor(keepAliveTimeoutMs / 1_000),
      date: date.at(Date.now()),
    });
    const body = bodyText(answer);
    if (body !== null) socket.write(head + body, 'latin1', this.#onWritten);
    else this.#sendInPieces(head, answer.chunks);
    // What the system did not take at once waits for the client.
    if (socket.writableLength > 0) socket.setTimeout(keepAliveTimeoutMs);
  }

  #sendInPieces(head: string, chunks: readonly Uint8Array[]): void {
    const { socket } = this;
    const last = chunks.length - 1;
    socket.cork();
    socket.write(head, 'latin1', last < 0 ? this.#onWritten : undefined);
    for (let i = 0; i <= last; i++) socket.write(chunks[i] as Uint8Array, i === last ? this.#onWritten : undefined);
    socket.uncork();
  }

  /** The system has all of the answer: nobody reads its memory any more. */
  readonly #onWritten = (error?: Error | null): void => {
    // The connection is gone, as 'close' tells.
    if (error) return;
    this.#isWritten = true;
    if (this.socket.timeout) this.socket.setTimeout(0);
    if (this.#state === 'writing') this.#answered();
    else this.#endRequest();
  };

  readonly #onStalled = (): void => void this.socket.destroy();

  /** The answer is out: the next request may be here already. */
  #answered(): void {
    this.#endRequest();
    if (this.#closes || this.#hasEnded) {
      this.#become('closing');
      this.#pending = NOTHING;
      this.socket.end();
      return this.#closeWithin(LINGER_MS);
    }
    this.#become('idle');
    if (this.#pending.length > 0 && !this.#isAdvancing) setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => this.#advance();

  #closeWithin(ms: number): void {
    setTimeout(() => this.socket.destroy(), ms).unref();
  }

  #endRequest(): void {
    const request = this.#request;
    this.#request = null;
    request?.end();
  }

  #handOver(): void {
    const { socket } = this;
    const unread = this.#pending;
    this.#pending = NOTHING;
    this.#become('gone');
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('error', ignore);
    socket.off('close', this.#onClose);
    socket.off('timeout', this.#onStalled);
    if (socket.isPaused()) socket.resume();
    this.#options.onClose(this);
    this.#options.handOver(socket, unread);
  }

  /** Whoever sends no more waits for nothing any more, as with Node's server; an answer that is on its way still goes out. */
  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    if (this.#state === 'dropping') return this.#dropped();
    if (this.#state === 'writing' || this.#state === 'closing') return;
    this.#become('gone');
    this.#endRequest();
    this.socket.end();
  };

  readonly #onClose = (): void => {
    this.#become('gone');
    this.#pending = NOTHING;
    this.#endRequest();
    this.#options.onClose(this);
  };

  #become(state: State): void {
    this.#state = state;
    this.sinceMs = this.#options.now();
  }
}

function ignore(): void {}
