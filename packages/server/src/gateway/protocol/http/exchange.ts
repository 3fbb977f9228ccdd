import type { IncomingHttpHeaders } from 'node:http';
import { JitneyError, type Moment } from '@jitney/core';
import type { ModelRoute } from '../../../wire/messages.js';
import type { Pass } from '../../access/admission.js';
import type { Answer, Call } from '../../call.js';
import type { Gateway } from '../../gateway.js';
import type { Ticket } from '../../routing/data-plane.js';
import { byteLength, type ErrorShape, type HttpAnswer } from './answer.js';
import type { BodySink } from './body.js';
import type { Incoming } from './incoming.js';

/** A model as a request names it. */
export interface NamedModel {
  /** `null`: the one that is served. */
  readonly model: string | null;
  /** `null`: the default one. */
  readonly version: string | null;
}

/** What a protocol asks of a model. */
export interface RequestKind<Parsed> {
  /** For metrics and logs: `oip`, `predict`. */
  readonly name: string;
  readonly errorShape: ErrorShape;
  /** Finds the model and makes a parser, before the body is read. @throws JitneyError */
  begin(gateway: Gateway, headers: IncomingHttpHeaders, named: NamedModel): Protocol<Parsed>;
}

/** A protocol's part in a request: it parses, says what to call, and writes the answer. */
export interface Protocol<Parsed> {
  readonly route: ModelRoute;
  /** Called once. The parser's steps are made when it has all of the body; then it is let go. */
  createParser(): BodySink & Steps<Parsed>;
  call(parsed: Parsed): CallParts;
  answer(answer: Answer, parsed: Parsed): Steps<HttpAnswer>;
}

/** Work in short steps, between which other requests have their turn. */
export interface Steps<Result> {
  /** Does the next step. False: that was the last. */
  step(): boolean;
  end(): Result;
}

/** What a protocol says of a call; the rest is the same for all. */
export interface CallParts extends Pick<Call, 'outputs' | 'body' | 'priority' | 'bytes'> {
  /** `null`: the default. */
  readonly timeoutMs: number | null;
}

/**
 * Takes a request from its headers to its answer: authenticate → route → admit → parse → call → answer.
 * Every request that enters leaves once, whatever happens.
 */
export function exchange<Parsed>(
  gateway: Gateway,
  incoming: Incoming,
  kind: RequestKind<Parsed>,
  named: NamedModel,
): void {
  const receivedAtMs = gateway.clock.now();
  let protocol: Protocol<Parsed>;
  let parser: BodySink & Steps<Parsed>;
  let pass: Pass;
  try {
    gateway.checkOrigin(incoming.headers);
    gateway.authorise(incoming.headers);
    protocol = kind.begin(gateway, incoming.headers, named);
    parser = protocol.createParser();
    pass = gateway.admission.enter();
  } catch (thrown) {
    return refuse(gateway, incoming, kind.errorShape, thrown, gateway.dataPlane.routes.known(named));
  }
  new Exchange({ gateway, incoming, kind, protocol, pass, receivedAtMs }, parser).start();
}

/** Answers with an error a request that was not let in; `route` is the version it named, where that is known. */
export function refuse(
  gateway: Gateway,
  incoming: Incoming,
  shape: ErrorShape,
  thrown: unknown,
  route: ModelRoute | null = null,
): void {
  const error = JitneyError.from(thrown);
  gateway.metrics.failed(route?.name ?? '', route?.version ?? '', error.code);
  logFailure(gateway, incoming.requestId, error, route);
  incoming.respondError(shape, error);
}

/**
 * A line for each request that failed, for whoever looks closely: metrics count them, and an overload must not become one
 * of the log. A defect is always told, and so is a request lost to its hosts; its host tells what own code or the model
 * did.
 */
function logFailure({ log }: Gateway, requestId: string, error: JitneyError, route: ModelRoute | null): void {
  const about = { requestId, code: error.code, ...(route && { model: route.name, version: route.version }) };
  if (error.code === 'INTERNAL') log.error({ ...about, err: error.cause ?? error }, error.message);
  else if (error.code === 'HOST_LOST') log.warn(about, error.message);
  else log.debug(about, error.message);
}

/** Steps of one request made in a turn of the event loop: each takes up to half a millisecond. */
const STEPS_A_TURN = 2;

interface Entered<Parsed> {
  readonly gateway: Gateway;
  readonly incoming: Incoming;
  readonly kind: RequestKind<Parsed>;
  readonly protocol: Protocol<Parsed>;
  readonly pass: Pass;
  readonly receivedAtMs: Moment;
}

/** A request that was let in, until it is over. */
class Exchange<Parsed> implements BodySink {
  readonly #entered: Entered<Parsed>;
  /** Dropped once the body is parsed: what it holds would else be kept, and copied by the collector, until the answer. */
  #parser: (BodySink & Steps<Parsed>) | null;
  #ticket: Ticket | null = null;
  #receivedBytes = 0;
  /** Answered, failed, or left by its client. */
  #isOver = false;

  constructor(entered: Entered<Parsed>, parser: BodySink & Steps<Parsed>) {
    this.#entered = entered;
    this.#parser = parser;
  }

  start(): void {
    const { gateway, incoming } = this.#entered;
    incoming.whenOver(() => this.#closed());
    incoming.readBody(gateway.limits, this, (failed) => {
      if (failed !== null) return this.#fail(failed);
      this.#inSteps(this.#parser as Steps<Parsed>, (parsed) => this.#call(parsed));
    });
  }

  /** A piece of the body. */
  write(chunk: Uint8Array): void {
    this.#receivedBytes += chunk.byteLength;
    this.#entered.pass.hold(this.#receivedBytes);
    this.#parser?.write(chunk);
  }

  #call(parsed: Parsed): void {
    const { gateway, incoming, pass, protocol, receivedAtMs } = this.#entered;
    this.#parser = null;
    const parts = protocol.call(parsed);
    pass.hold(parts.bytes);
    const parsedAtMs = gateway.clock.now();
    const call = callOf(gateway, incoming, receivedAtMs, parts);
    this.#ticket = gateway.dataPlane.call(protocol.route, call, (answer) => {
      if (answer instanceof JitneyError) return this.#fail(answer);
      this.#inSteps(protocol.answer(answer, parsed), (written) => this.#answer(answer, written, parsedAtMs));
    });
  }

  #answer(answer: Answer, written: HttpAnswer, parsedAtMs: Moment): void {
    const { gateway, incoming, kind, pass, protocol, receivedAtMs } = this.#entered;
    const { name, version } = protocol.route;
    const requestBytes = this.#receivedBytes;
    const responseBytes = byteLength(written.chunks);
    this.#isOver = true;
    pass.holdAnswer(responseBytes);
    this.#sayIfEnding();
    incoming.respond(written);
    const measured = { receivedAtMs, parsedAtMs, requestBytes, responseBytes };
    gateway.metrics.answered(name, version, kind.name, answer, measured);
  }

  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    const { gateway, incoming, kind, protocol } = this.#entered;
    const error = JitneyError.from(thrown);
    this.#count(error);
    logFailure(gateway, incoming.requestId, error, protocol.route);
    this.#sayIfEnding();
    incoming.respondError(kind.errorShape, error);
  }

  /** The server may have begun to end since the request came. */
  #sayIfEnding(): void {
    const { gateway, incoming } = this.#entered;
    if (gateway.isDraining()) incoming.closeAfterwards();
  }

  /** The answer is written, or nobody is there to take one: what waits or runs for it is given up. */
  #closed(): void {
    const { incoming, pass } = this.#entered;
    pass.leave();
    if (this.#isOver) return;
    this.#count(incoming.brokenBy ?? new JitneyError('CANCELLED', 'the client left'));
    this.#ticket?.cancel();
  }

  #count(error: JitneyError): void {
    const { gateway, kind, protocol } = this.#entered;
    const { name, version } = protocol.route;
    this.#isOver = true;
    gateway.metrics.failed(name, version, error.code, kind.name);
  }

  /** Runs the steps, a few a turn, as long as somebody waits for them. What a step or `done` throws is the answer. */
  #inSteps<T>(steps: Steps<T>, done: (result: T) => void): void {
    if (this.#isOver) return;
    try {
      for (let count = 0; count < STEPS_A_TURN; count++) {
        if (!steps.step()) return done(steps.end());
      }
    } catch (thrown) {
      return this.#fail(thrown);
    }
    setImmediate(() => this.#inSteps(steps, done));
  }
}

function callOf(
  gateway: Gateway,
  { headers, requestId }: Incoming,
  receivedAtMs: Moment,
  { timeoutMs, ...parts }: CallParts,
): Call {
  const { defaultTimeoutMs, maxTimeoutMs } = gateway.limits;
  return {
    ...parts,
    requestId,
    deadlineAtMs: receivedAtMs + Math.min(timeoutMs ?? defaultTimeoutMs, maxTimeoutMs),
    traceparent: traceparentOf(headers),
  };
}

function traceparentOf(headers: IncomingHttpHeaders): string {
  const { traceparent } = headers;
  return typeof traceparent === 'string' && traceparent.length <= 64 ? traceparent : '';
}
