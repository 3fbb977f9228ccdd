import type { LatencyModel, Moment } from '@jitney/core';
import type { Waiting } from '../ticket.js';
import { cautiousMs, type RunCost, runMs } from './run-cost.js';

/** What is known about when runs begin and end. */
export interface Foresight {
  readonly latencyModel: LatencyModel;
  readonly now: Moment;
  /** Nothing has run for so long that one is tried whatever the model says. */
  readonly isProbeDue: boolean;
}

/** Its deadline has passed. */
export function hasExpired({ entry }: Waiting, now: Moment): boolean {
  return entry.deadlineAtMs <= now;
}

/** Whether it would be late even if it ran now, by itself. Nobody is given up by a model that may be wrong. */
export function isHopeless(
  { entry, nextRow }: Waiting,
  cost: RunCost,
  { latencyModel, now, isProbeDue }: Foresight,
): boolean {
  if (isProbeDue || !latencyModel.isReliable) return false;
  return now + runMs(cost, entry.rows - nextRow) > entry.deadlineAtMs;
}

/** Whether it may be late in a run of so many rows that begins now. */
export function isAtRisk({ entry }: Waiting, rows: number, cost: RunCost, now: Moment): boolean {
  return now + cautiousMs(cost, rows) > entry.deadlineAtMs;
}

/** Whether it would most likely be late in a run of so many rows that begins now. */
export function wouldBeLate({ entry }: Waiting, rows: number, cost: RunCost, now: Moment): boolean {
  return now + runMs(cost, rows) > entry.deadlineAtMs;
}
