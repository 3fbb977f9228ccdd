import type { Moment } from '@jitney/core';
import type { Waiting } from '../ticket.js';

/** Priorities 0 to 15; what is less urgent shares the last. */
export const CLASSES = 16;

/** How much longer each class may wait than the one before it: the last then has 438 × as long as the first. */
const RATIO = 1.5;
/** The first class's time where nobody says how fast answers should be: the last then has 44 s, within most patience. */
const DEFAULT_LATENCY_MS = 100;

/** The class of a priority. Below 0 is the first, between two whole numbers the lower, and what is no number the last. */
export function classOf(priority: number): number {
  return priority < CLASSES ? Math.max(0, Math.floor(priority)) : CLASSES - 1;
}

/**
 * The time in which each class should be answered, in ms. Who has waited for the difference between two classes goes
 * before the newcomers of the more urgent one: so nobody waits forever.
 */
export function classTimesMs(latencyMs: number | null): readonly number[] {
  return Array.from({ length: CLASSES }, (_, index) => (latencyMs ?? DEFAULT_LATENCY_MS) * RATIO ** index);
}

/** When an entry should be answered: by its class or its own deadline, whichever is earlier. The smallest goes first. */
export function dueAtMs({ entry, sinceMs }: Waiting, classTimeMs: number): Moment {
  const byClassAtMs = sinceMs + classTimeMs;
  // A deadline that is no number is none.
  const isTighter = entry.deadlineAtMs < byClassAtMs;
  return isTighter ? entry.deadlineAtMs : byClassAtMs;
}
