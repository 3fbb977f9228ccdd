import { seededRandom } from './seeded-random.js';

/**
 * When requests come, on their own, whatever became of those before.
 *
 * - `constant`: one gap, always.
 * - `poisson`: independent of each other; gaps are exponential.
 * - `gamma`: gaps of a gamma distribution with this coefficient of variation; above 1 they come in bursts (1 is Poisson).
 * - `on-off`: Poisson while on, none while off; both last exponentially long, of these means.
 * - `replay`: at these moments, in ms from the first, stretched or squeezed to the rate.
 */
export type Arrivals =
  | { readonly kind: 'constant' }
  | { readonly kind: 'poisson' }
  | { readonly kind: 'gamma'; readonly cv: number }
  | { readonly kind: 'on-off'; readonly onMs: number; readonly offMs: number }
  | { readonly kind: 'replay'; readonly momentsMs: readonly number[] };

export interface Timetable {
  readonly arrivals: Arrivals;
  /** Mean over the whole time. */
  readonly ratePerSecond: number;
  readonly durationMs: number;
  /** The same seed gives the same moments. */
  readonly seed: number;
}

/** A plan holds 8 bytes for each of its requests. */
export const MOST_SENDS = 50_000_000;

export function countSends({ ratePerSecond, durationMs }: Pick<Timetable, 'ratePerSecond' | 'durationMs'>): number {
  return Math.max(1, Math.round((ratePerSecond * durationMs) / 1_000));
}

/**
 * The intended moments, ascending, in ms from the start. There are exactly rate × duration of them: gaps are drawn, then
 * scaled so that one more would come at the end. Of Poisson arrivals that is what they are, given how many there were
 * (the order statistics of uniform moments); of the others it keeps the shape and leaves out the luck in the mean.
 * @throws RangeError where they are more than MOST_SENDS.
 */
export function planSends(timetable: Timetable): Float64Array {
  const { arrivals, durationMs, seed } = timetable;
  const count = countSends(timetable);
  if (count > MOST_SENDS) throw new RangeError(`${count} requests: at most ${MOST_SENDS} can be planned`);
  const nextGap = gapsOf(arrivals, seededRandom(seed));
  const moments = new Float64Array(count);
  let atMs = 0;
  for (let i = 0; i < count; i++) moments[i] = atMs += nextGap();
  const totalMs = atMs + nextGap();
  // Gaps of gamma can be too small for a number; and rounding must not carry the last moment over the end.
  const scale = totalMs === 0 ? 0 : durationMs / totalMs;
  for (let i = 0; i < count; i++) moments[i] = Math.min(durationMs, moments[i]! * scale);
  return moments;
}

/** Gaps of any unit: only their ratios count. */
function gapsOf(arrivals: Arrivals, random: () => number): () => number {
  switch (arrivals.kind) {
    case 'constant':
      return () => 1;
    case 'poisson':
      return () => exponential(random);
    case 'gamma': {
      const shape = 1 / arrivals.cv ** 2;
      return () => gamma(shape, random);
    }
    case 'on-off':
      return onOffGaps(arrivals, random);
    case 'replay':
      return replayedGaps(arrivals.momentsMs);
  }
}

/** Of mean 1. */
const exponential = (random: () => number) => -Math.log(1 - random());

/**
 * Of mean `shape` and variance `shape`: Marsaglia and Tsang, A Simple Method for Generating Gamma Variables (2000), with
 * their rule for shapes below 1.
 */
function gamma(shape: number, random: () => number): number {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Box and Muller's, of which one of the two is taken. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Mean arrivals in one stretch of being on: what makes it a burst is that they are many. */
const ARRIVALS_A_BURST = 20;

function onOffGaps({ onMs, offMs }: { onMs: number; offMs: number }, random: () => number): () => number {
  const meanGapMs = onMs / ARRIVALS_A_BURST;
  let leftOnMs = exponential(random) * onMs;
  return () => {
    let gapMs = 0;
    let ahead = exponential(random) * meanGapMs;
    while (ahead > leftOnMs) {
      gapMs += leftOnMs + exponential(random) * offMs;
      ahead -= leftOnMs;
      leftOnMs = exponential(random) * onMs;
    }
    leftOnMs -= ahead;
    return gapMs + ahead;
  };
}

/** Over again where there are fewer moments than asked for. */
function replayedGaps(momentsMs: readonly number[]): () => number {
  const gaps = momentsMs.slice(1).map((moment, i) => moment - momentsMs[i]!);
  if (gaps.length === 0 || gaps.some((gap) => !(gap >= 0)) || gaps.every((gap) => gap === 0)) {
    throw new RangeError('a replay needs at least two moments, ascending and not all the same');
  }
  let next = 0;
  return () => gaps[next++ % gaps.length]!;
}
