import type { IncomingHttpHeaders } from 'node:http';
import { JitneyError, type Moment } from '@jitney/core';
import type { Body } from '../../../wire/frames.js';
import type { LargeBuffers } from '../../../wire/large-buffers.js';
import type { ModelRoute } from '../../../wire/messages.js';
import type { Pass } from '../../access/admission.js';
import type { Answer, Call, Caller } from '../../call.js';
import type { Gateway } from '../../gateway.js';
import type { Ticket } from '../../routing/data-plane.js';
import { byteLength, type ErrorShape, type HttpAnswer } from './answer.js';
import type { BodySink } from './body.js';
import type { Incoming } from './incoming.js';
import { serverTiming } from './server-timing.js';

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
  /** Whether a body may say how long its client waits, which then counts more than the header. */
  readonly bodySaysTimeout: boolean;
  /** Finds the model and makes a parser, before the body is read. @throws JitneyError */
  begin(headers: IncomingHttpHeaders, named: NamedModel): Protocol<Parsed>;
}

/** A protocol's part in a request: it parses, says what to call, and writes the answer. */
export interface Protocol<Parsed> {
  readonly route: ModelRoute;
  /** Called once. The parser's steps are made when it has all of the body; then it is let go. */
  createParser(): Parser<Parsed>;
  call(parsed: Parsed): CallParts;
  /** Steps where it is much to write. */
  answer(answer: Answer, parsed: Parsed): HttpAnswer | Steps<HttpAnswer>;
}

export interface Parser<Parsed> extends Steps<Parsed> {
  write(chunk: Buffer): void;
}

/** Work in short steps, between which other requests have their turn. */
export interface Steps<Result> {
  /** Does the next step. False: that was the last. */
  step(): boolean;
  end(): Result;
}

/** What a protocol says of a call; the rest is the same for all. */
export interface CallParts extends Pick<Call, 'outputs' | 'body' | 'priority' | 'bytes'> {
  /** `null`: as the header `X-Request-Timeout-Ms` says, or the default. */
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
  const receivedAtMs = gateway.turns.startedAtMs();
  let protocol: Protocol<Parsed>;
  let parser: Parser<Parsed>;
  let pass: Pass;
  let timeoutMs: number | null;
  try {
    gateway.checkOrigin(incoming.headers);
    gateway.authorise(incoming.headers);
    protocol = kind.begin(incoming.headers, named);
    timeoutMs = timeoutOf(incoming.headers);
    // What the body may say is not known yet.
    const mostMs = kind.bodySaysTimeout && timeoutMs === null ? gateway.limits.maxTimeoutMs : timeoutMs;
    gateway.dataPlane.refuseLate(protocol.route, receivedAtMs + patienceMs(gateway, protocol.route, mostMs));
    parser = protocol.createParser();
    pass = gateway.admission.enter();
  } catch (thrown) {
    return refuse(gateway, incoming, kind.errorShape, thrown, gateway.dataPlane.routes.known(named));
  }
  new Exchange({ gateway, incoming, kind, protocol, pass, receivedAtMs, timeoutMs }, parser).start();
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
  sayIfEnding(gateway, incoming);
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

/** Said with the answer, since the server may have begun to end after the request came. */
function sayIfEnding(gateway: Gateway, incoming: Incoming): void {
  if (gateway.isDraining()) incoming.closeAfterwards();
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
  /** What the header says of how long the client waits. */
  readonly timeoutMs: number | null;
}

/** A request that was let in, until it is over. */
class Exchange<Parsed> implements BodySink, Caller {
  readonly #entered: Entered<Parsed>;
  /** Dropped once the body is parsed: what it holds would else be kept, and copied by the collector, until the answer. */
  #parser: Parser<Parsed> | null;
  #parsed: Parsed | null = null;
  #ticket: Ticket | null = null;
  #asked: Body | null = null;
  /** Once it is there. */
  #answered: Body | null = null;
  #receivedBytes = 0;
  /** All of the body was here. */
  #arrivedAtMs: Moment = 0;
  #parsedAtMs: Moment = 0;
  #patienceMs = 0;
  /** Answered, failed, or left by its client. */
  #isOver = false;

  constructor(entered: Entered<Parsed>, parser: Parser<Parsed>) {
    this.#entered = entered;
    this.#parser = parser;
  }

  start(): void {
    const { gateway, incoming } = this.#entered;
    incoming.whenOver(this);
    incoming.readBody(gateway.limits, this);
  }

  /** A piece of the body. */
  write(chunk: Buffer): void {
    this.#receivedBytes += chunk.byteLength;
    this.#entered.pass.hold(this.#receivedBytes);
    this.#parser?.write(chunk);
  }

  /** The body has come. */
  end(failed: JitneyError | null): void {
    this.#arrivedAtMs = this.#entered.gateway.turns.startedAtMs();
    if (failed !== null) this.#fail(failed);
    else this.#parse(this.#parser as Parser<Parsed>);
  }

  /** The data plane's answer. */
  settle(answer: Answer | JitneyError): void {
    if (answer instanceof JitneyError) return this.#fail(answer);
    this.#answered = answer.body;
    try {
      const written = this.#entered.protocol.answer(answer, this.#parsed as Parsed);
      if ('status' in written) this.#answer(answer, written);
      else this.#write(answer, written);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** The answer is written, or nobody is there to take one: what waits or runs for it is given up. */
  over(): void {
    const { incoming, pass } = this.#entered;
    pass.leave();
    this.#giveMemoryBack();
    if (this.#isOver) return;
    this.#count(incoming.brokenBy ?? new JitneyError('CANCELLED', 'the client left'));
    this.#ticket?.cancel();
  }

  /** Of what was not answered, something may still be on its way to a host. */
  #giveMemoryBack(): void {
    if (this.#asked === null || this.#answered === null) return;
    const { memory } = this.#entered.gateway.dataPlane;
    giveBody(memory, this.#asked);
    giveBody(memory, this.#answered);
    this.#answered = null;
  }

  #parse(parser: Parser<Parsed>): void {
    if (this.#isOver) return;
    try {
      if (hasMore(parser)) return void setImmediate(() => this.#parse(parser));
      this.#parsed = parser.end();
      this.#parser = null;
      this.#call(this.#parsed);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #call(parsed: Parsed): void {
    const { gateway, incoming, pass, protocol, receivedAtMs, timeoutMs } = this.#entered;
    const parts = protocol.call(parsed);
    this.#asked = parts.body;
    pass.hold(parts.bytes);
    this.#parsedAtMs = gateway.clock.now();
    this.#patienceMs = patienceMs(gateway, protocol.route, parts.timeoutMs ?? timeoutMs);
    const call: Call = {
      requestId: incoming.requestId,
      deadlineAtMs: receivedAtMs + this.#patienceMs,
      priority: parts.priority,
      outputs: parts.outputs,
      body: parts.body,
      traceparent: traceparentOf(incoming.headers),
      bytes: parts.bytes,
    };
    this.#ticket = gateway.dataPlane.call(protocol.route, call, this);
  }

  #write(answer: Answer, steps: Steps<HttpAnswer>): void {
    if (this.#isOver) return;
    try {
      if (hasMore(steps)) return void setImmediate(() => this.#write(answer, steps));
      this.#answer(answer, steps.end());
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #answer(answer: Answer, written: HttpAnswer): void {
    if (this.#isOver) return;
    const { gateway, incoming, kind, pass, protocol, receivedAtMs } = this.#entered;
    const { name, version } = protocol.route;
    const requestBytes = this.#receivedBytes;
    const responseBytes = byteLength(written.chunks);
    const answeredAtMs = gateway.clock.now();
    const measured = { receivedAtMs, parsedAtMs: this.#parsedAtMs, answeredAtMs, requestBytes, responseBytes };
    this.#isOver = true;
    pass.holdAnswer(responseBytes);
    sayIfEnding(gateway, incoming);
    incoming.respond(written, serverTiming(answer, measured));
    gateway.metrics.answered(name, version, kind.name, answer, measured);
    const { decodedAtMs } = answer.timing;
    const ownMs = this.#parsedAtMs - this.#arrivedAtMs + (answeredAtMs - decodedAtMs);
    gateway.admission.observe({ now: answeredAtMs, ownMs, patienceMs: this.#patienceMs });
  }

  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    const { gateway, incoming, kind, protocol } = this.#entered;
    const error = JitneyError.from(thrown);
    this.#count(error);
    logFailure(gateway, incoming.requestId, error, protocol.route);
    sayIfEnding(gateway, incoming);
    incoming.respondError(kind.errorShape, error);
  }

  #count(error: JitneyError): void {
    const { gateway, kind, protocol } = this.#entered;
    const { name, version } = protocol.route;
    this.#isOver = true;
    gateway.metrics.failed(name, version, error.code, kind.name);
  }
}

function giveBody(memory: LargeBuffers, body: Body): void {
  if (body.kind === 'tensors') memory.giveFrame(body.tensors);
  else memory.give(body.bytes.buffer);
}

/** Makes a few steps. True: there are more, for another turn of the loop. */
function hasMore(steps: Steps<unknown>): boolean {
  for (let count = 0; count < STEPS_A_TURN; count++) if (!steps.step()) return false;
  return true;
}

/** How long a request may take: what it says itself, else what its model or the server has; never above the limit. */
function patienceMs({ limits }: Gateway, { loaded }: ModelRoute, timeoutMs: number | null): number {
  return Math.min(timeoutMs ?? loaded?.requestTimeoutMs ?? limits.defaultTimeoutMs, limits.maxTimeoutMs);
}

/** `X-Request-Timeout-Ms`: how long the client waits, for requests that do not say it otherwise. */
function timeoutOf(headers: IncomingHttpHeaders): number | null {
  const header = headers['x-request-timeout-ms'];
  if (header === undefined) return null;
  const timeoutMs = Number(header);
  if (Number.isFinite(timeoutMs) && timeoutMs > 0) return timeoutMs;
  throw new JitneyError(
    'INVALID_ARGUMENT',
    `X-Request-Timeout-Ms must be a number of milliseconds above 0, got '${String(header).slice(0, 40)}'`,
  );
}

function traceparentOf(headers: IncomingHttpHeaders): string {
  const { traceparent } = headers;
  return typeof traceparent === 'string' && traceparent.length <= 64 ? traceparent : '';
}
