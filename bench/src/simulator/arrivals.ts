import { planSends, seededRandom } from '../load/index.js';

/** Requests of a simulation, in the order they come. */
export interface SimulatedArrivals {
  /** Ascending, ms from the start. */
  readonly atMs: Float64Array;
  /** Rows of each; where there is none, each has one. */
  readonly rows?: ArrayLike<number>;
}

export interface ArrivalPlan {
  /** Mean, per ms: loads are easier to think of in the unit of run times. */
  readonly ratePerMs: number;
  readonly count: number;
  readonly seed: number;
}

/** Independent of each other. */
export const poisson = (plan: ArrivalPlan): SimulatedArrivals => planned({ kind: 'poisson' }, plan);

/** Gaps of a gamma distribution; above a coefficient of variation of 1 requests come in bursts. */
export const gamma = (cv: number, plan: ArrivalPlan): SimulatedArrivals => planned({ kind: 'gamma', cv }, plan);

function planned(arrivals: Parameters<typeof planSends>[0]['arrivals'], plan: ArrivalPlan): SimulatedArrivals {
  const { ratePerMs, count, seed } = plan;
  return { atMs: planSends({ arrivals, ratePerSecond: ratePerMs * 1_000, durationMs: count / ratePerMs, seed }) };
}

export interface TwoRates {
  /** Times the mean rate. Weighted by the times below, the two have to come out at 1. */
  readonly quiet: number;
  readonly busy: number;
  /** Mean time in each; both are exponentially long. */
  readonly quietMs: number;
  readonly busyMs: number;
}

/** As serving-science §1.3 has it for a time S of 100 ms: at 0.4 times the mean rate for 9 S, then at 3 times for 2.7 S. */
export function burstsOf(sloMs: number): TwoRates {
  return { quiet: 0.4, busy: 3, quietMs: 9 * sloMs, busyMs: 2.7 * sloMs };
}

/** Poisson at a rate that jumps between two (MMPP-2, "on-off"). */
export function onOff(rates: TwoRates, { ratePerMs, count, seed }: ArrivalPlan): SimulatedArrivals {
  const random = seededRandom(seed);
  const exponential = (mean: number) => -Math.log(1 - random()) * mean;
  const atMs = new Float64Array(count);
  let now = 0;
  let isBusy = false;
  let until = exponential(rates.quietMs);
  for (let i = 0; i < count; ) {
    const gap = exponential(1 / (ratePerMs * (isBusy ? rates.busy : rates.quiet)));
    if (now + gap < until) {
      atMs[i++] = now += gap;
      continue;
    }
    // What had not come by the jump comes at the other rate: exponential gaps have no memory.
    now = until;
    isBusy = !isBusy;
    until += exponential(isBusy ? rates.busyMs : rates.quietMs);
  }
  return { atMs };
}
