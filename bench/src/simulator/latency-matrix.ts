import { poisson } from './arrivals.js';
import { capacityPerMs, SIMULATED_MODELS, type SimulatedModel, scaleOf } from './models.js';
import { POLICIES, type Policy } from './policies.js';
import { linear } from './run-times.js';
import { simulate } from './simulate.js';

/** Shares of capacity. */
const LOADS: readonly number[] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];

/** What one way to form batches makes of one model at one load. */
export interface LatencyPoint {
  readonly model: SimulatedModel;
  readonly load: number;
  readonly policy: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly meanMs: number;
  readonly meanBatchRows: number;
  /** Requests that count and were answered; nobody sets a deadline. */
  readonly answered: number;
}

/** Every model at every load under every policy, on the same Poisson arrivals, of which the first third does not count. */
export async function latencyMatrix(count: number, onPoint: (point: LatencyPoint) => void): Promise<LatencyPoint[]> {
  const points: LatencyPoint[] = [];
  for (const model of SIMULATED_MODELS) {
    for (const load of LOADS) {
      const ratePerMs = load * capacityPerMs(model);
      const arrivals = poisson({ ratePerMs, count: count * scaleOf(model), seed: 1 });
      for (const policy of POLICIES) {
        const point = await latencyPoint(model, policy, load, arrivals);
        points.push(point);
        onPoint(point);
      }
    }
  }
  return points;
}

async function latencyPoint(
  model: SimulatedModel,
  policy: Policy,
  load: number,
  arrivals: ReturnType<typeof poisson>,
): Promise<LatencyPoint> {
  const { latencies, meanBatchRows } = await simulate({
    arrivals,
    runTimes: linear(model),
    lane: policy.laneFor(model),
    sloMs: null,
    skip: Math.floor(arrivals.atMs.length / 3),
  });
  return {
    model,
    load,
    policy: policy.name,
    p50Ms: latencies.percentileMs(50),
    p99Ms: latencies.percentileMs(99),
    meanMs: latencies.meanMs,
    meanBatchRows,
    answered: latencies.count,
  };
}
