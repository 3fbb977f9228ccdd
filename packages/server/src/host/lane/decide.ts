import type { BoundBy, LatencyModel, Moment } from '@jitney/core';
import type { QueueView } from './request-queue.js';
import { firstAgain, mostUrgent } from './rules/anchor.js';
import { rowsToKeepPace } from './rules/efficient-rows.js';
import { fillsUntilMs } from './rules/fill-delay.js';
import { type Foresight, isAtRisk, isHopeless, wouldBeLate } from './rules/lateness.js';
import { isProbeDue } from './rules/probe.js';
import { type Riders, ridersWith } from './rules/riders.js';
import { type BatchPolicy, type Demand, type RowBound, rowBound } from './rules/row-bound.js';
import { costLike, type RunCost, rowsWithin, runMs } from './rules/run-cost.js';
import type { Seat, Waiting } from './ticket.js';

/** A run in flight. */
export interface RunView {
  readonly startedAtMs: Moment;
  /** By the latency model; a run may be late. */
  readonly expectedEndAtMs: Moment;
  /** Nothing else may start in this process until it has ended. */
  readonly isAlone: boolean;
}

/** The model's instances: each makes one run at a time. */
export interface Instances {
  readonly total: number;
  /** What this lane's instances run, the oldest first. */
  readonly running: readonly RunView[];
  /** When the last of its runs ended; `-Infinity` where none has. */
  readonly lastEndAtMs: Moment;
  /** Runs of other lanes in this process. */
  readonly runningElsewhere: number;
  /** Another lane has, or waits for, the process for itself. */
  readonly isReserved: boolean;
}

export interface Situation<T extends Waiting> {
  readonly queue: QueueView<T>;
  readonly instances: Instances;
  readonly policy: BatchPolicy;
  /** Rows that came a millisecond, of late. */
  readonly arrivingRowsPerMs: number;
  readonly latencyModel: LatencyModel;
  readonly now: Moment;
}

/** What happens now. Plain data: deciding changes nothing. */
export interface Decision<T extends Waiting> {
  /** Entries whose deadline has passed: each ends with DEADLINE_EXCEEDED and never runs. */
  readonly expired: readonly T[];
  /** Entries that would be late if they ran: they end so at once. */
  readonly hopeless: readonly T[];
  /** Whose rows run together, in the order they are joined; empty: nothing starts. */
  readonly seats: readonly Seat<T>[];
  /** Rows of all seats together. */
  readonly rows: number;
  /** Work of all seats together, in the task's unit. */
  readonly units: number;
  /** How long the run should take, in ms; 0 while the latency model knows nothing. */
  readonly predictedMs: number;
  /** Why it has no more rows. */
  readonly boundBy: BoundBy;
  /** A run waits until then to be filled; `null`: none does. */
  readonly wakeAtMs: Moment | null;
  /** What runs or is next must have the process for itself: nothing else starts in any lane until it has ended. */
  readonly needsProcess: boolean;
}

/**
 * Decides what a free instance does now. Pure; each rule is a file in rules/.
 *
 * Work-conserving: it takes what waits and waits for more only where `maxDelayMs` says so. The most urgent head is the
 * anchor; those of its kind follow, up to the bound on rows. Where the anchor would be late in such a run the run is made
 * smaller, unless the instances could then no longer keep pace: then the anchor is given up (serving-science §0.5).
 *
 * Where `expired` or `hopeless` name somebody, they end first, and it is asked again.
 */
export function decide<T extends Waiting>(situation: Situation<T>): Decision<T> {
  const { queue, instances, now } = situation;
  if (instances.running[0]?.isAlone === true) return WAITS_ALONE;
  if (instances.isReserved || instances.running.length >= instances.total) return NOTHING;
  const expired: T[] = [];
  const again = firstAgain(queue, now, expired);
  if (again !== null) return start({ seats: [again], rows: again.rows }, 'alone', situation, { expired, hopeless: [] });
  const anchor = mostUrgent(queue, now, expired);
  if (anchor === null) return expired.length === 0 ? NOTHING : { ...NOTHING, expired };
  if (anchor.entry.alone && isAnythingRunning(instances)) return { ...WAITS_ALONE, expired };
  return decideFor(anchor, expired, situation);
}

const NOTHING: Decision<never> = {
  expired: [],
  hopeless: [],
  seats: [],
  rows: 0,
  units: 0,
  predictedMs: 0,
  boundBy: 'waiting',
  wakeAtMs: null,
  needsProcess: false,
};
const WAITS_ALONE: Decision<never> = { ...NOTHING, needsProcess: true };

function isAnythingRunning({ running, runningElsewhere }: Instances): boolean {
  return running.length > 0 || runningElsewhere > 0;
}

function decideFor<T extends Waiting>(anchor: T, expired: readonly T[], situation: Situation<T>): Decision<T> {
  const { queue, policy, now } = situation;
  const cost = costLike(anchor, situation.latencyModel);
  const foresight = foresightOf(anchor, cost, situation);
  if (isHopeless(anchor, cost, foresight)) return { ...NOTHING, expired, hopeless: [anchor] };
  const demand = demandOf(situation);
  const bound = sharesRuns(anchor, policy) ? rowBound(anchor, policy, cost, demand) : BY_ITSELF;
  const hopeless: T[] = [];
  const riders = ridersWith(anchor, queue, bound, { cost, foresight, hopeless });
  if (foresight.latencyModel.isReliable && isAtRisk(anchor, riders.rows, cost, now)) {
    const smaller = inTimeFor(anchor, riders, { cost, demand, bound, foresight }, queue);
    if (smaller === 'give up') return { ...NOTHING, expired, hopeless: [anchor] };
    if (smaller !== null) return start(smaller, 'deadline', situation, { expired, hopeless });
  }
  if (policy.maxDelayMs > 0 && !riders.isFull && riders.rows < bound.rows) {
    const wakeAtMs = fillsUntilMs(anchor, policy.maxDelayMs, bound.rows, cost);
    if (now < wakeAtMs) return { ...NOTHING, expired, hopeless, wakeAtMs };
  }
  return start(riders, boundOf(anchor, riders, bound), situation, { expired, hopeless });
}

function foresightOf<T extends Waiting>(anchor: T, cost: RunCost, situation: Situation<T>): Foresight {
  const { instances, latencyModel, now } = situation;
  const ownMs = runMs(cost, anchor.entry.rows - anchor.nextRow);
  return { latencyModel, now, isProbeDue: isProbeDue(instances.running.length, instances.lastEndAtMs, ownMs, now) };
}

function demandOf<T extends Waiting>({ queue, instances, arrivingRowsPerMs }: Situation<T>): Demand {
  return { instances: instances.total, waitingRows: queue.rows, arrivingRowsPerMs };
}

/** An entry that shares no run is never split either. */
const BY_ITSELF: RowBound = { hardRows: Number.POSITIVE_INFINITY, rows: 0, by: 'alone' };

function sharesRuns({ entry }: Waiting, { maxRows }: BatchPolicy): boolean {
  return maxRows !== null && entry.compatibility !== null;
}

/**
 * The run in which the anchor, which would be late in that of these riders, is in time; `null`: theirs, since it may be in
 * time even so, or since nothing is known for certain.
 */
function inTimeFor<T extends Waiting>(
  anchor: T,
  riders: Riders<T>,
  known: { readonly cost: RunCost; readonly demand: Demand; readonly bound: RowBound; readonly foresight: Foresight },
  queue: QueueView<T>,
): Riders<T> | 'give up' | null {
  const { cost, demand, bound, foresight } = known;
  const ownRows = anchor.entry.rows - anchor.nextRow;
  if (riders.rows <= ownRows) return null;
  const rows = rowsWithin(cost, anchor.entry.deadlineAtMs - foresight.now);
  if (rows >= Math.max(ownRows, Math.min(riders.rows, rowsToKeepPace(cost, demand)))) {
    return ridersWith(anchor, queue, { ...bound, rows }, { cost, foresight, hopeless: [] });
  }
  const isLate = !foresight.isProbeDue && wouldBeLate(anchor, riders.rows, cost, foresight.now);
  return isLate ? 'give up' : null;
}

function boundOf<T extends Waiting>({ entry }: T, riders: Riders<T>, bound: RowBound): BoundBy {
  if (entry.alone) return 'alone';
  return riders.isFull || riders.rows >= bound.rows ? bound.by : 'waiting';
}

function start<T extends Waiting>(
  { seats, rows }: Pick<Riders<T>, 'seats' | 'rows'>,
  boundBy: BoundBy,
  { latencyModel }: Situation<T>,
  { expired, hopeless }: Pick<Decision<T>, 'expired' | 'hopeless'>,
): Decision<T> {
  let units = 0;
  for (const seat of seats) {
    const { entry } = seat.ticket;
    units += seat.rows === entry.rows ? entry.cost : (entry.cost * seat.rows) / entry.rows;
  }
  const predictedMs = latencyModel.predict({ rows, units });
  const needsProcess = seats[0]?.ticket.entry.alone === true;
  return { expired, hopeless, seats, rows, units, predictedMs, boundBy, wakeAtMs: null, needsProcess };
}
