import { poisson } from './arrivals.js';
import { inoueBoundMs, meanLatencyMs } from './bulk-service-queue.js';
import { takeAllWithoutBound } from './policies.js';
import { type LinearTime, linear } from './run-times.js';
import { simulate } from './simulate.js';

/** A mean latency by the lane and by theory, in ms. */
export interface OraclePoint extends LinearTime {
  readonly load: number;
  readonly simulatedMs: number;
  readonly exactMs: number;
  readonly boundMs: number;
}

const LOADS = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
/** Batching pays for the first much, for the last hardly. */
const MODELS: readonly LinearTime[] = [
  { alphaMs: 10, betaMs: 1 },
  { alphaMs: 2, betaMs: 6 },
  { alphaMs: 1, betaMs: 25 },
];

/** The lane that takes all, without a bound, beside the queue that theory describes. */
export async function compareWithOracle(
  count: number,
  onPoint: (point: OraclePoint) => void,
): Promise<readonly OraclePoint[]> {
  const points: OraclePoint[] = [];
  for (const model of MODELS) {
    for (const load of LOADS) {
      const queue = { ...model, ratePerMs: load / model.betaMs };
      const arrivals = poisson({ ratePerMs: queue.ratePerMs, count, seed: 1 });
      const { latencies } = await simulate({
        arrivals,
        runTimes: linear(model),
        lane: takeAllWithoutBound(),
        sloMs: null,
      });
      const simulatedMs = latencies.meanMs;
      const point = { ...model, load, simulatedMs, exactMs: meanLatencyMs(queue), boundMs: inoueBoundMs(queue) };
      points.push(point);
      onPoint(point);
    }
  }
  return points;
}
