import type { IncomingHttpHeaders } from 'node:http';
import type { JitneyError } from '@jitney/core';
import type { ErrorShape, HttpAnswer } from './answer.js';
import type { BodyLimits, BodySink } from './body.js';

/** The header of the id a request goes by, in requests and answers. */
export const REQUEST_ID = 'x-request-id';

/** The header that says how long each stage of a request took (W3C Server Timing). */
export const SERVER_TIMING = 'server-timing';

/** A request as it came, with the place for its answer and the id it goes by. */
export interface Incoming {
  /** By their names in lower case, as Node joins those that came twice. */
  readonly headers: IncomingHttpHeaders;
  /** The client's own where it sent one that is fit for it. */
  readonly requestId: string;
  /** Why its connection broke, where that was this server's doing. */
  readonly brokenBy: JitneyError | null;
  /** Feeds the body to `sink`, decompressed where it says so, within the limits. */
  readBody(limits: BodyLimits, sink: BodySink): void;
  /** The connection is to end with the answer. */
  closeAfterwards(): void;
  /**
   * Sends the answer, compressed as the client likes it best; nothing where one was sent or the client is gone.
   * @param serverTiming - value of the header `Server-Timing`
   */
  respond(answer: HttpAnswer, serverTiming: string): void;
  /**
   * Sends an error in the protocol's shape. The connection stays open where all of the request has come or little of it
   * is left, else it is closed.
   */
  respondError(shape: ErrorShape, error: JitneyError): void;
  /** Tells `listener` once that the answer is written, or the connection is gone. */
  whenOver(listener: { over(): void }): void;
}
