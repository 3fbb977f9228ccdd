import type { IncomingMessage, ServerResponse } from 'node:http';
import { JitneyError, type Moment } from '@jitney/core';
import type { ModelRoute } from '../../../wire/messages.js';
import { acceptRequestId } from '../../access/request-id.js';
import type { Answer, Call } from '../../call.js';
import type { Gateway } from '../../gateway.js';
import type { Ticket } from '../../routing/data-plane.js';
import { type BodySink, readBody } from './body.js';
import { type ErrorShape, type HttpAnswer, respond, respondError } from './respond.js';

/** A protocol's part in a request: it parses, says what to call, and writes the answer. */
export interface Exchange<Parsed> {
  /** For metrics and logs: `oip`, `predict`. */
  readonly protocol: string;
  readonly shape: ErrorShape;
  /** Finds the model before the body is read. */
  readonly route: ModelRoute;
  /** A parser for the body. Once it has all of it, `step` is called while it says true, then `end`. */
  readonly parser: BodySink & { step(): boolean; end(): Parsed };
  call(parsed: Parsed): CallParts;
  /** Writes the answer in short steps, between which other requests have their turn. */
  answer(answer: Answer, parsed: Parsed): Generator<void, HttpAnswer>;
}

/** What a protocol says of a call; the rest is the same for all. */
export interface CallParts extends Pick<Call, 'outputs' | 'body' | 'priority' | 'bytes'> {
  /** `null`: the default. */
  readonly timeoutMs: number | null;
}

/**
 * Takes a request from its headers to its answer: authenticate → admit → parse → route → call → answer.
 * Every request that enters leaves once, whatever happens.
 */
export function exchange<Parsed>(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  shape: ErrorShape,
  begin: () => Exchange<Parsed>,
): void {
  const receivedAtMs = gateway.clock.now();
  const requestId = acceptRequestId(request.headers['x-request-id']) ?? gateway.nextRequestId();
  response.setHeader('x-request-id', requestId);
  if (gateway.isDraining()) response.setHeader('connection', 'close');
  try {
    gateway.authorise(request.headers);
    const protocol = begin();
    gateway.admission.enter();
    run(gateway, request, response, protocol, { requestId, receivedAtMs });
  } catch (thrown) {
    const error = JitneyError.from(thrown);
    gateway.metrics.failed('', '', error.code);
    if (error.code === 'INTERNAL') gateway.log.error({ requestId, err: error.cause ?? error }, error.message);
    respondError(request, response, { error, shape, requestId });
  }
}

interface Origin {
  readonly requestId: string;
  readonly receivedAtMs: Moment;
}

function run<Parsed>(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  protocol: Exchange<Parsed>,
  { requestId, receivedAtMs }: Origin,
): void {
  const { name, version } = protocol.route;
  let ticket: Ticket | null = null;
  let heldBytes = 0;
  let isOver = false;
  const leave = (error: JitneyError | null) => {
    if (isOver) return false;
    isOver = true;
    gateway.admission.leave(heldBytes);
    if (error !== null) gateway.metrics.failed(name, version, error.code);
    return true;
  };
  const fail = (thrown: unknown) => {
    const error = JitneyError.from(thrown);
    if (!leave(error)) return;
    if (error.code === 'INTERNAL')
      gateway.log.error({ requestId, model: name, err: error.cause ?? error }, error.message);
    respondError(request, response, { error, shape: protocol.shape, requestId });
  };
  response.on('close', () => {
    if (response.writableFinished || !leave(new JitneyError('CANCELLED', 'the client left'))) return;
    ticket?.cancel();
  });
  const send = (parsed: Parsed) => {
    const parts = protocol.call(parsed);
    heldBytes = parts.bytes;
    gateway.admission.hold(parts.bytes);
    const parsedAtMs = gateway.clock.now();
    const call = callOf(gateway, request, requestId, receivedAtMs, parts);
    ticket = gateway.dataPlane.call(protocol.route, call, (answer) => {
      if (answer instanceof JitneyError) return fail(answer);
      inSteps(protocol.answer(answer, parsed), fail, (written) => {
        if (!leave(null)) return;
        respond(request, response, written);
        gateway.metrics.answered(name, version, protocol.protocol, answer, { receivedAtMs, parsedAtMs });
      });
    });
  };
  readBody(request, gateway.limits, protocol.parser, (failed) => {
    if (failed !== null) return fail(failed);
    inSteps(parse(protocol.parser), fail, send);
  });
}

function* parse<Parsed>(parser: Exchange<Parsed>['parser']): Generator<void, Parsed> {
  while (parser.step()) yield;
  return parser.end();
}

/** Steps of one request made in a turn of the event loop: each takes up to half a millisecond. */
const STEPS_A_TURN = 2;

/** Runs the steps, a few a turn. Ends with `done`, or with `fail` for what a step or `done` threw. */
function inSteps<T>(steps: Generator<void, T>, fail: (thrown: unknown) => void, done: (result: T) => void): void {
  try {
    for (let count = 0; count < STEPS_A_TURN; count++) {
      const step = steps.next();
      if (step.done === true) return done(step.value);
    }
  } catch (thrown) {
    return fail(thrown);
  }
  setImmediate(() => inSteps(steps, fail, done));
}

function callOf(
  gateway: Gateway,
  request: IncomingMessage,
  requestId: string,
  receivedAtMs: Moment,
  parts: CallParts,
): Call {
  const { defaultTimeoutMs, maxTimeoutMs } = gateway.limits;
  const traceparent = request.headers.traceparent;
  return {
    requestId,
    deadlineAtMs: receivedAtMs + Math.min(parts.timeoutMs ?? defaultTimeoutMs, maxTimeoutMs),
    priority: parts.priority,
    outputs: parts.outputs,
    body: parts.body,
    traceparent: typeof traceparent === 'string' && traceparent.length <= 64 ? traceparent : '',
    bytes: parts.bytes,
  };
}
