import {
  type Batching,
  type Entry,
  JitneyError,
  type Lane,
  type LaneTiming,
  type Moment,
  type Outcome,
  type Pipeline,
  type Schema,
  type Tensor,
  tensorBytes,
} from '@jitney/core';
import type { Body, HostTiming, RequestFrame } from '../wire/frames.js';
import type { LoadedModel } from '../wire/messages.js';
import { compatibilityOf } from './lane/compatibility.js';
import { readContent } from './pipeline/content.js';
import { predictContent } from './predict.js';

/** What a host holds of one model: its lane, and the pipeline around it. */
export interface ServedModel {
  readonly loaded: LoadedModel;
  readonly lane: Lane;
  readonly pipeline: Pipeline;
  /** Schema of one item, where own code has one: tells one input from a list of them. */
  readonly itemSchema: Schema | null;
}

/** How a request ended in this host. */
export type Reply =
  | { readonly state: 'done'; readonly body: Body; readonly timing: HostTiming }
  | { readonly state: 'failed'; readonly error: JitneyError };

/** A request in this host, for cancelling it. */
export interface Running {
  /** The lane's entries of this request: one, or one an item. */
  readonly entryIds: readonly number[];
  cancel(): void;
}

/** A request as its stages see it. */
export interface Handling {
  readonly served: ServedModel;
  readonly frame: RequestFrame;
  readonly receivedAtMs: Moment;
  readonly signal: AbortSignal;
  /** Puts rows into the lane and waits for them. */
  enqueue(tensors: readonly Tensor[], cost: number): Promise<Rows>;
}

/** Rows back from the lane. */
export interface Rows {
  readonly outputs: readonly Tensor[];
  readonly timing: LaneTiming;
}

/**
 * Takes a request through encode → lane → decode. `settle` is called exactly once.
 * Tensors go into the lane at once; content is encoded first.
 */
export function handleRequest(
  served: ServedModel,
  frame: RequestFrame,
  context: { readonly nextId: () => number; readonly now: () => Moment; readonly settle: (reply: Reply) => void },
): Running {
  const { nextId, now, settle } = context;
  const receivedAtMs = now();
  const entryIds: number[] = [];
  if (frame.body.kind === 'tensors') {
    const entry = entryOf(served, frame, {
      id: nextId(),
      tensors: frame.body.tensors,
      cost: null,
      arrivedAtMs: receivedAtMs,
    });
    entryIds.push(entry.id);
    served.lane.submit(entry, (outcome) => settle(replyOf(served, outcome, receivedAtMs, now)));
    return { entryIds, cancel: () => served.lane.cancel(entry.id) };
  }
  const abort = new AbortController();
  const handling: Handling = {
    served,
    frame,
    receivedAtMs,
    signal: abort.signal,
    enqueue: (tensors, cost) =>
      new Promise((resolve, reject) => {
        if (abort.signal.aborted) return reject(cancelled());
        const entry = entryOf(served, frame, { id: nextId(), tensors, cost, arrivedAtMs: now() });
        entryIds.push(entry.id);
        served.lane.submit(entry, (outcome) => (outcome.state === 'done' ? resolve(outcome) : reject(outcome.error)));
      }),
  };
  handleContent(handling, now).then(
    (reply) => settle(reply),
    (thrown) =>
      settle({ state: 'failed', error: JitneyError.from(thrown, 'INTERNAL', 'a defect of Jitney, see the log') }),
  );
  return {
    entryIds,
    cancel: () => {
      abort.abort(cancelled());
      for (const id of entryIds) served.lane.cancel(id);
    },
  };
}

async function handleContent(handling: Handling, now: () => Moment): Promise<Reply> {
  const { frame, receivedAtMs, served } = handling;
  if (frame.body.kind !== 'content') throw new JitneyError('INTERNAL', 'not content');
  const content = readContent(frame.body.contentType, frame.body.bytes);
  const { bytes, timing, encodedAtMs } = await predictContent(content, handling, now);
  const decodedAtMs = now();
  return {
    state: 'done',
    body: { kind: 'content', contentType: 'application/json; charset=utf-8', bytes },
    timing: { ...timing, receivedAtMs, encodedAtMs, decodedAtMs, expectedWaitMs: served.lane.stats().expectedWaitMs },
  };
}

function entryOf(
  served: ServedModel,
  frame: RequestFrame,
  rows: {
    readonly id: number;
    readonly tensors: readonly Tensor[];
    readonly cost: number | null;
    readonly arrivedAtMs: Moment;
  },
): Entry {
  const { batching } = served.loaded;
  const count = rowCount(rows.tensors, batching);
  let bytes = 0;
  for (const tensor of rows.tensors) bytes += tensorBytes(tensor);
  return {
    id: rows.id,
    tensors: rows.tensors,
    rows: count,
    cost: rows.cost ?? count,
    bytes,
    arrivedAtMs: rows.arrivedAtMs,
    deadlineAtMs: frame.deadlineAtMs,
    priority: frame.priority,
    alone: frame.alone,
    outputs: frame.outputs,
    compatibility: compatibilityOf(rows.tensors, batching),
  };
}

/** Rows a request brings: the first dimension of its batched tensors; 1 where the model knows no rows. */
function rowCount(tensors: readonly Tensor[], batching: Batching): number {
  if (batching.mode !== 'rows') return 1;
  for (const tensor of tensors) {
    if (!batching.shared.includes(tensor.name)) return tensor.shape[0] ?? 1;
  }
  return 1;
}

function replyOf(served: ServedModel, outcome: Outcome, receivedAtMs: Moment, now: () => Moment): Reply {
  if (outcome.state === 'failed') return outcome;
  const timing: HostTiming = {
    enqueuedAtMs: outcome.timing.enqueuedAtMs,
    startedAtMs: outcome.timing.startedAtMs,
    finishedAtMs: outcome.timing.finishedAtMs,
    batchRows: outcome.timing.batchRows,
    receivedAtMs,
    encodedAtMs: outcome.timing.enqueuedAtMs,
    decodedAtMs: now(),
    expectedWaitMs: served.lane.stats().expectedWaitMs,
  };
  return { state: 'done', body: { kind: 'tensors', tensors: outcome.outputs }, timing };
}

const cancelled = () => new JitneyError('CANCELLED', 'the client left before the answer');
