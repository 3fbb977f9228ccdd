import type { LaneStats } from '@jitney/core';

/** What a lane at rest tells that has decided this and that, but for `changes`. */
export function laneStats(changes: Partial<LaneStats> = {}): LaneStats {
  return {
    queuedEntries: 0,
    queuedRows: 0,
    queuedBytes: 0,
    runningRows: 0,
    oldestRunMs: 0,
    expectedWaitMs: 0,
    counts: {
      runs: { waiting: 3, rows: 2, bytes: 0, latency: 0, efficiency: 1, deadline: 0, alone: 0 },
      rows: 40,
      refusedLate: 5,
      refusedFull: 1,
      dropped: 2,
      expired: 4,
      tookMs: 120,
      predictedMs: 100,
    },
    ...changes,
  };
}
