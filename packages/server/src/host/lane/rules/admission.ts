import type { Entry, LatencyModel, Moment } from '@jitney/core';
import { expectedWaitMs, type Load } from '../expected-wait.js';
import type { PriorityClass, RequestQueue } from '../request-queue.js';
import type { Ticket } from '../ticket.js';
import { NO_WORK } from './run-cost.js';
import { classOf } from './urgency.js';

/** What of a class counts: its rows, or its entries where each runs by itself. */
type Count = (each: PriorityClass<Ticket>) => number;

const rowsOf: Count = ({ rows }) => rows;
export const entriesOf: Count = ({ waiting }) => waiting.size;

/**
 * What runs before an entry of this priority that comes now: all of its class and of the more urgent ones, and of the
 * less urgent those that have waited long enough to go before it, reckoned as if they had come evenly.
 */
export function aheadOf(
  classes: readonly PriorityClass<Ticket>[],
  priority: number,
  now: Moment,
  count: Count = rowsOf,
): number {
  const own = classOf(priority);
  const ownTimeMs = (classes[own] as PriorityClass<Ticket>).timeMs;
  let ahead = 0;
  for (let index = 0; index < classes.length; index++) {
    const each = classes[index] as PriorityClass<Ticket>;
    if (each.waiting.first === null) continue;
    const share = index <= own ? 1 : agedShare(each.waiting.first.item.sinceMs, each.timeMs - ownTimeMs, now);
    ahead += share * count(each);
  }
  return ahead;
}

function agedShare(oldestAtMs: Moment, olderByMs: number, now: Moment): number {
  const oldestMs = now - oldestAtMs;
  return oldestMs > olderByMs ? (oldestMs - olderByMs) / oldestMs : 0;
}

/**
 * Whether an entry that comes now is in time even if each that waits ran by itself before it, one after the other, the
 * first at `freeAtMs`: so are most, and to foresee the rest costs as much as their whole way through the lane.
 */
export function isSurelyInTime(
  { rows, cost, deadlineAtMs }: Entry,
  queue: Pick<RequestQueue, 'entries' | 'rows' | 'units' | 'again'>,
  latencyModel: LatencyModel,
  freeAtMs: Moment,
): boolean {
  const allMs = latencyModel.predict({ rows: queue.rows + rows, units: queue.units + cost });
  const apartMs = (queue.entries + queue.again.size) * latencyModel.predict(NO_WORK);
  return freeAtMs + latencyModel.margin * (allMs + apartMs) <= deadlineAtMs;
}

/**
 * How long it should take until an entry that comes now is answered, in ms: the wait until the run that takes its last
 * row, and that run with whoever is before it in it, as long as 95 of 100 such runs take. Who comes later rides behind it,
 * and is refused himself where that would make it late. Source: serving-science §1.2.
 *
 * @param load What is ahead of its own rows.
 */
export function finishesInMs(entry: Entry, load: Load, latencyModel: LatencyModel, now: Moment): number {
  const ownRows = Math.max(1, entry.rows);
  const unitsPerRow = entry.cost / ownRows;
  if (load.maxRows === null) {
    const waitMs = expectedWaitMs(load, latencyModel, now);
    return waitMs + latencyModel.margin * latencyModel.predict({ rows: entry.rows, units: entry.cost });
  }
  // The run that takes its last row begins once those before have.
  const ahead: Load = { ...load, rows: load.rows + ownRows - 1, units: load.units + entry.cost - unitsPerRow };
  const waitMs = expectedWaitMs(ahead, latencyModel, now);
  const rest = (ahead.rows % load.maxRows) + 1;
  const rows = Math.min(Math.max(load.maxRows, ownRows), Math.max(rest, Math.min(ownRows, load.maxRows)));
  return waitMs + latencyModel.margin * latencyModel.predict({ rows, units: rows * unitsPerRow });
}
