import { measured } from '../simulator/run-times.js';
import { simulate } from '../simulator/simulate.js';
import { momentsOf, type OpenPoint, type OpenRun } from './open-turns.js';

/** As a host has it where nobody set anything. */
const DEFAULT_LANE = {
  batching: { mode: 'rows', maxRows: 64, shared: [], sensitive: false, reason: 'it is simulated' },
  instances: 1,
  limits: { maxEntries: 1_024, maxBytes: 256 * 2 ** 20 },
} as const;

/**
 * The p99 that the simulator gives for the arrivals of a run and the run times that its answers told of, in ms.
 * @returns `null` where the server told of none.
 */
export async function simulatedP99Ms(run: OpenRun, point: OpenPoint, measureMs: number): Promise<number | null> {
  if (run.runs.length === 0) return null;
  const { latencies } = await simulate({
    arrivals: { atMs: momentsOf(point, run.round, measureMs) },
    runTimes: measured(run.runs, run.round),
    lane: DEFAULT_LANE,
    sloMs: point.sloMs,
  });
  return latencies.percentileMs(99);
}
