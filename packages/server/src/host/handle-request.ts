import type { Clock, JitneyError, Moment, Outcome, Tensor } from '@jitney/core';
import type { Body, HostTiming, RequestFrame } from '../wire/frames.js';
import { ContentRequest } from './content-request.js';
import { laneEntry } from './lane-entry.js';
import type { ServedModel } from './served-model.js';

/** How a request ended in this host. */
export type Reply =
  | { readonly state: 'done'; readonly body: Body; readonly timing: HostTiming }
  | { readonly state: 'failed'; readonly error: JitneyError };

/** A request in this host, for giving it up. */
export interface Running {
  /** Ends it with CANCELLED wherever it is; nothing once it has ended. */
  cancel(): void;
}

/** Where a request came from, as its stages see it. */
export interface RequestOrigin {
  readonly clock: Clock;
  /** A number for an entry that it puts into the lane, unique within the host. */
  nextId(): number;
  /** Called exactly once, perhaps before `handleRequest` returns. */
  settle(reply: Reply): void;
  /** Told of items that failed in a request that did not, for the log. */
  report(error: JitneyError): void;
}

/** Takes a request through encode → lane → decode. Tensors go into the lane as they are; content is encoded first. */
export function handleRequest(served: ServedModel, frame: RequestFrame, origin: RequestOrigin): Running {
  if (frame.body.kind === 'tensors') return handleTensors(served, frame, frame.body.tensors, origin);
  const request = new ContentRequest(served, frame, origin);
  request.start(frame.body);
  return request;
}

function handleTensors(
  { lane, loaded }: ServedModel,
  frame: RequestFrame,
  tensors: readonly Tensor[],
  origin: RequestOrigin,
): Running {
  const { clock } = origin;
  const receivedAtMs = clock.now();
  const entry = laneEntry({ id: origin.nextId(), tensors, arrivedAtMs: receivedAtMs }, frame, loaded.batching);
  lane.submit(entry, (outcome) => {
    const decodedAtMs = clock.now();
    origin.settle(replyOf(outcome, receivedAtMs, decodedAtMs, lane.expectedWaitMs(decodedAtMs)));
  });
  return { cancel: () => lane.cancel(entry.id) };
}

function replyOf(outcome: Outcome, receivedAtMs: Moment, decodedAtMs: Moment, expectedWaitMs: number): Reply {
  if (outcome.state === 'failed') return outcome;
  const { enqueuedAtMs, startedAtMs, finishedAtMs, batchRows, boundBy } = outcome.timing;
  const timing: HostTiming = {
    enqueuedAtMs,
    startedAtMs,
    finishedAtMs,
    batchRows,
    boundBy,
    receivedAtMs,
    encodedAtMs: enqueuedAtMs,
    decodedAtMs,
    expectedWaitMs,
  };
  return { state: 'done', body: { kind: 'tensors', tensors: outcome.outputs }, timing };
}
