import { JITNEY } from '../simulator/policies.js';
import { type LinearTime, type MeasuredRun, measured } from '../simulator/run-times.js';
import { simulate } from '../simulator/simulate.js';
import { momentsOf, type OpenPoint, type OpenRun } from './open-turns.js';

/**
 * The p99 that the simulator gives for the arrivals of a run and the run times that its answers told of, in ms.
 * @returns `null` where the server told of none.
 */
export async function simulatedP99Ms(run: OpenRun, point: OpenPoint, measureMs: number): Promise<number | null> {
  if (run.runs.length === 0) return null;
  const { latencies } = await simulate({
    arrivals: { atMs: momentsOf(point, run.round, measureMs) },
    runTimes: measured(run.runs, run.round),
    lane: JITNEY.laneFor({ ...lineThrough(run.runs), name: point.name, sloMs: point.sloMs ?? 0 }),
    sloMs: point.sloMs,
  });
  return latencies.percentileMs(99);
}

/** Least squares over all measured runs: what the host's warm-up taught its lane, about. */
export function lineThrough(runs: readonly MeasuredRun[]): LinearTime {
  const mean = (read: (run: MeasuredRun) => number) => runs.reduce((sum, run) => sum + read(run), 0) / runs.length;
  const [rows, ms] = [mean((run) => run.rows), mean((run) => run.ms)];
  const variance = mean((run) => (run.rows - rows) ** 2);
  const slope = variance === 0 ? ms / rows : mean((run) => (run.rows - rows) * (run.ms - ms)) / variance;
  const betaMs = Math.min(ms / rows, Math.max(0, slope));
  return { alphaMs: ms - betaMs * rows, betaMs };
}
