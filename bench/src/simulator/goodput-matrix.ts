import { boundInTime, mostInTime } from './all-knowing.js';
import { type ArrivalPlan, burstsOf, gamma, onOff, poisson, type SimulatedArrivals } from './arrivals.js';
import { capacityPerMs, MAX_ROWS, SIMULATED_MODELS, type SimulatedModel, scaleOf } from './models.js';
import { POLICIES } from './policies.js';
import { linear } from './run-times.js';
import { simulate } from './simulate.js';

export interface Workload {
  readonly name: string;
  /** Whether it asks for more than can be done on average, or comes in bursts of less. */
  readonly kind: 'bursts' | 'overload';
  readonly load: number;
  readonly plan: (plan: ArrivalPlan, model: SimulatedModel) => SimulatedArrivals;
}

export const WORKLOADS: readonly Workload[] = [
  { name: 'Gamma, CV 4, load 0.5', kind: 'bursts', load: 0.5, plan: (plan) => gamma(4, plan) },
  { name: 'Gamma, CV 4, load 0.8', kind: 'bursts', load: 0.8, plan: (plan) => gamma(4, plan) },
  { name: 'on-off, load 0.5', kind: 'bursts', load: 0.5, plan: (plan, { sloMs }) => onOff(burstsOf(sloMs), plan) },
  { name: 'Poisson, 1.3 ×', kind: 'overload', load: 1.3, plan: poisson },
  { name: 'Poisson, 2 ×', kind: 'overload', load: 2, plan: poisson },
];

/** How many of the requests were answered in time. */
export interface GoodputPoint {
  readonly model: SimulatedModel;
  readonly workload: Workload;
  readonly seed: number;
  readonly offered: number;
  /** By the best schedule of who knows everything in advance. */
  readonly most: number;
  /** Or fewer: where a request's time is that of many runs, a bound is given. */
  readonly isBound: boolean;
  readonly good: Readonly<Record<string, number>>;
}

/** From here on the bound is within a few percent, and the best schedule takes long to find. */
const MANY_RUNS = 30;

/** Every model under every workload and policy, all on the same arrivals; requests say by when they want an answer. */
export async function goodputMatrix(
  { count, seeds }: { readonly count: number; readonly seeds: readonly number[] },
  onPoint: (point: GoodputPoint) => void,
): Promise<GoodputPoint[]> {
  const points: GoodputPoint[] = [];
  for (const model of SIMULATED_MODELS) {
    for (const workload of WORKLOADS) {
      for (const seed of seeds) {
        const point = await goodputPoint(model, workload, { count: count * scaleOf(model), seed });
        points.push(point);
        onPoint(point);
      }
    }
  }
  return points;
}

async function goodputPoint(
  model: SimulatedModel,
  workload: Workload,
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<GoodputPoint> {
  const arrivals = workload.plan({ ratePerMs: workload.load * capacityPerMs(model), count, seed }, model);
  const { alphaMs, betaMs, sloMs } = model;
  const runMs = (rows: number) => alphaMs + betaMs * rows;
  const good: Record<string, number> = {};
  for (const policy of POLICIES) {
    const lane = policy.laneFor(model);
    good[policy.name] = (await simulate({ arrivals, runTimes: linear(model), lane, sloMs })).good;
  }
  const known = { atMs: arrivals.atMs, sloMs, maxRows: MAX_ROWS, runMs };
  const isBound = sloMs / runMs(MAX_ROWS) > MANY_RUNS;
  const most = isBound ? boundInTime(known) : mostInTime(known);
  return { model, workload, seed, offered: count, most, isBound, good };
}
