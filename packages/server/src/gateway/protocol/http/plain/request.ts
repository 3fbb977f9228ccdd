import type { IncomingHttpHeaders } from 'node:http';
import type { JitneyError } from '@jitney/core';
import { compressed, type ErrorShape, errorAnswer, type HttpAnswer } from '../answer.js';
import { type BodyLimits, BodyReader, type BodySink, refuseUnread } from '../body.js';
import { type Incoming, SERVER_TIMING } from '../incoming.js';
import type { PlainHead } from './head.js';

/** What a request needs of the connection it came on. */
export interface AnsweringConnection {
  /** Writes the answer of the request it is at. `headers`: lines beside those that each answer has. */
  write(answer: HttpAnswer, closes: boolean, headers?: string): void;
  /** The same, where the body may not have come as a whole, or is not wanted. */
  writeEarly(answer: HttpAnswer, closes: boolean): void;
}

/** The id that a request goes by, and the headers that its answer has whatever it is. */
export interface Welcome {
  readonly requestId: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A plain request, from its head until its answer is written or its connection is gone. */
export class PlainRequest implements Incoming {
  readonly requestId: string;
  /** Headers that the answer has whatever it is. */
  readonly common: Readonly<Record<string, string>>;
  readonly brokenBy = null;
  /** Bytes of the body that have not come. */
  bodyLeft: number;
  readonly #connection: AnsweringConnection;
  readonly #head: PlainHead;
  #reader: BodyReader | null = null;
  #state: 'open' | 'answered' | 'over' = 'open';
  #closes = false;
  #listener: { over(): void } | null = null;

  constructor(connection: AnsweringConnection, head: PlainHead, { requestId, headers }: Welcome) {
    this.#connection = connection;
    this.#head = head;
    this.requestId = requestId;
    this.common = headers;
    this.bodyLeft = head.bodyBytes;
  }

  get headers(): IncomingHttpHeaders {
    return this.#head.headers;
  }

  readBody(limits: BodyLimits, sink: BodySink): void {
    const refused = refuseUnread(this.headers, limits);
    if (refused !== null) return sink.end(refused);
    this.#reader = new BodyReader(this.headers, limits, sink);
    if (this.bodyLeft === 0) this.#endBody();
  }

  /** Bytes of the body, not more than are left. */
  take(chunk: Buffer): void {
    this.bodyLeft -= chunk.byteLength;
    this.#reader?.read(chunk);
    if (this.bodyLeft === 0) this.#endBody();
  }

  /** No more of the body is waited for. */
  failBody(error: JitneyError): void {
    this.#closes = true;
    this.#reader?.fail(error);
  }

  closeAfterwards(): void {
    this.#closes = true;
  }

  respond(answer: HttpAnswer, serverTiming: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'answered';
    const timing = `${SERVER_TIMING}: ${serverTiming}\r\n`;
    const accepted = this.headers['accept-encoding'];
    if (accepted === undefined) return this.#connection.write(answer, this.#closes, timing);
    compressed(answer, accepted, (encoded) => {
      if (this.#state !== 'answered') return;
      this.#connection.write(encoded, this.#closes, `${timing}vary: accept-encoding\r\n`);
    });
  }

  respondError(shape: ErrorShape, error: JitneyError): void {
    if (this.#state !== 'open') return;
    this.#state = 'answered';
    const answer = errorAnswer(shape(error, this.requestId), error, this.headers);
    this.#connection.writeEarly(answer, this.#closes);
  }

  whenOver(listener: { over(): void }): void {
    this.#listener = listener;
  }

  /** The answer is written, or the connection is gone. */
  end(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#reader = null;
    this.#listener?.over();
  }

  /** The reader is let go before the answer is waited for. */
  #endBody(): void {
    const reader = this.#reader;
    this.#reader = null;
    reader?.end();
  }
}
