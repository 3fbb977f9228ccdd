import type { Moment } from '@jitney/core';

/** An idle lane tries a run after this many times what it should take: so probes of short runs take little of an instance. */
const PAUSE_IN_RUNS = 10;
/** And after this at the latest: three probes teach a model that is wrong, and all is well again within a second. */
const LONGEST_PAUSE_MS = 250;

/**
 * Whether a lane that runs nothing tries an entry though it should be late: a model that learned from a bad moment would
 * never learn again if nothing ran.
 */
export function isProbeDue(runningRuns: number, lastEndAtMs: Moment, predictedMs: number, now: Moment): boolean {
  return runningRuns === 0 && now - lastEndAtMs >= Math.min(PAUSE_IN_RUNS * predictedMs, LONGEST_PAUSE_MS);
}
