import type { LaneCounts } from '@jitney/core';

/** Counts from nothing; a lane raises them. */
export function createCounts(): Writable<LaneCounts> {
  return {
    runs: { waiting: 0, rows: 0, bytes: 0, latency: 0, efficiency: 0, deadline: 0, alone: 0 },
    rows: 0,
    refusedLate: 0,
    refusedFull: 0,
    dropped: 0,
    expired: 0,
    tookMs: 0,
    predictedMs: 0,
  };
}

export type Writable<T> = { -readonly [Key in keyof T]: T[Key] extends number ? number : Writable<T[Key]> };
