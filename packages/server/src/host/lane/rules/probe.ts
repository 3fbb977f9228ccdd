import type { Moment } from '@jitney/core';

/** An idle lane tries a run after this many times what it should take: so probes take a tenth of an instance at most. */
const PAUSE_IN_RUNS = 10;

/**
 * Whether a lane that runs nothing tries an entry though it should be late: a model that learned from a bad moment would
 * never learn again if nothing ran.
 */
export function isProbeDue(runningRuns: number, lastEndAtMs: Moment, predictedMs: number, now: Moment): boolean {
  return runningRuns === 0 && now - lastEndAtMs >= PAUSE_IN_RUNS * predictedMs;
}
