import type { Moment } from '@jitney/core';
import type { Waiting } from '../ticket.js';
import { cautiousMs, type RunCost } from './run-cost.js';

/**
 * Until when a run that is not full waits for more: `maxDelayMs` from the arrival of its first, or as long as that one
 * can wait and be in time. In the past: it waits no more.
 */
export function fillsUntilMs(first: Waiting, maxDelayMs: number, fullRows: number, cost: RunCost): Moment {
  return Math.min(first.sinceMs + maxDelayMs, first.entry.deadlineAtMs - cautiousMs(cost, fullRows));
}
