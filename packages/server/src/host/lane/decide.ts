import type { LatencyModel, Moment } from '@jitney/core';
import type { QueueView } from './request-queue.js';
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
  /** Runs of other lanes in this process. */
  readonly runningElsewhere: number;
  /** Another lane has, or waits for, the process for itself. */
  readonly isReserved: boolean;
}

export interface Situation<T extends Waiting> {
  readonly queue: QueueView<T>;
  readonly instances: Instances;
  /** Most rows of a run; `null`: every entry runs by itself, as it came. */
  readonly maxRows: number | null;
  readonly latencyModel: LatencyModel;
  readonly now: Moment;
}

/** What happens now. Plain data: deciding changes nothing. */
export interface Decision<T extends Waiting> {
  /** Entries whose deadline has passed: each ends with DEADLINE_EXCEEDED and never runs. */
  readonly expired: readonly T[];
  /** Whose rows run together, in the order they are joined; empty: nothing starts. */
  readonly seats: readonly Seat<T>[];
  /** Rows of all seats together. */
  readonly rows: number;
  /** Work of all seats together, in the task's unit. */
  readonly units: number;
  /** How long the run should take, in ms; 0 while the latency model knows nothing. */
  readonly predictedMs: number;
  /** What runs or is next must have the process for itself: nothing else starts in any lane until it has ended. */
  readonly needsProcess: boolean;
}

/**
 * Decides what a free instance does now. Pure.
 *
 * Work-conserving FIFO: it takes what waits and never waits for more. The oldest of the most urgent is the anchor; those
 * of its kind follow in their order, up to `maxRows` rows, the less urgent last. Nobody is passed over by a later one of
 * its kind, though that one would fit. An entry of more than `maxRows` rows is taken in parts that fill what room is left.
 */
export function decide<T extends Waiting>(situation: Situation<T>): Decision<T> {
  const { queue, instances, now } = situation;
  if (instances.running[0]?.isAlone === true) return WAITS_ALONE;
  if (instances.isReserved || instances.running.length >= instances.total) return NOTHING;
  const expired: T[] = [];
  const again = nextAgain(queue, now, expired);
  if (again !== null) return start([again], expired, situation);
  const anchor = mostUrgent(queue, now, expired);
  if (anchor === null) return expired.length === 0 ? NOTHING : { ...NOTHING, expired };
  if (anchor.entry.alone && isAnythingRunning(instances)) return { ...WAITS_ALONE, expired };
  return start(seatsWith(anchor, situation), expired, situation);
}

const NOTHING: Decision<never> = { expired: [], seats: [], rows: 0, units: 0, predictedMs: 0, needsProcess: false };
const WAITS_ALONE: Decision<never> = { ...NOTHING, needsProcess: true };

function nextAgain<T extends Waiting>({ again }: QueueView<T>, now: Moment, expired: T[]): Seat<T> | null {
  for (let node = again.first; node !== null; node = node.next) {
    if (!hasExpired(node.item.ticket, now)) return node.item;
    expired.push(node.item.ticket);
  }
  return null;
}

function mostUrgent<T extends Waiting>({ classes }: QueueView<T>, now: Moment, expired: T[]): T | null {
  for (const { waiting } of classes) {
    for (let node = waiting.first; node !== null; node = node.next) {
      if (!hasExpired(node.item, now)) return node.item;
      expired.push(node.item);
    }
  }
  return null;
}

function hasExpired({ entry }: Waiting, now: Moment): boolean {
  return entry.deadlineAtMs <= now;
}

function isAnythingRunning({ running, runningElsewhere }: Instances): boolean {
  return running.length > 0 || runningElsewhere > 0;
}

/** The anchor, and whoever may ride with it. */
function seatsWith<T extends Waiting>(anchor: T, { queue, maxRows, now }: Situation<T>): Seat<T>[] {
  const { alone, compatibility, rows } = anchor.entry;
  if (maxRows === null || compatibility === null) return [{ ticket: anchor, fromRow: 0, rows }];
  if (alone) return [seatIn(maxRows, anchor, maxRows) as Seat<T>];
  const seats: Seat<T>[] = [];
  let room = maxRows;
  for (const { kinds } of queue.classes) {
    for (let node = kinds.get(compatibility)?.first ?? null; node !== null; node = node.next) {
      if (hasExpired(node.item, now)) continue;
      const seat = node.item.entry.alone ? null : seatIn(room, node.item, maxRows);
      if (seat === null) return seats;
      seats.push(seat);
      room -= seat.rows;
    }
  }
  return seats;
}

/** `null`: it waits for a run with room for all of it. */
function seatIn<T extends Waiting>(room: number, ticket: T, maxRows: number): Seat<T> | null {
  const { entry, nextRow } = ticket;
  const left = entry.rows - nextRow;
  if (left <= room) return { ticket, fromRow: nextRow, rows: left };
  const isSplit = entry.rows > maxRows;
  return isSplit && room > 0 ? { ticket, fromRow: nextRow, rows: room } : null;
}

function start<T extends Waiting>(
  seats: readonly Seat<T>[],
  expired: readonly T[],
  { latencyModel }: Situation<T>,
): Decision<T> {
  let rows = 0;
  let units = 0;
  for (const seat of seats) {
    const { entry } = seat.ticket;
    rows += seat.rows;
    units += seat.rows === entry.rows ? entry.cost : (entry.cost * seat.rows) / entry.rows;
  }
  const predictedMs = latencyModel.predict({ rows, units });
  return { expired, seats, rows, units, predictedMs, needsProcess: seats[0]?.ticket.entry.alone === true };
}
