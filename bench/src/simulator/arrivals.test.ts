import { describe, expect, it } from 'vitest';
import { burstsOf, gamma, onOff, poisson, type SimulatedArrivals } from './arrivals.js';

const PLAN = { ratePerMs: 0.5, count: 100_000, seed: 3 };

/** Standard deviation over mean of how many come in stretches of so many ms. */
function unevenness({ atMs }: SimulatedArrivals, stretchMs: number): number {
  const counts = new Float64Array(Math.floor(atMs.at(-1)! / stretchMs));
  for (const at of atMs) if (at < counts.length * stretchMs) counts[Math.floor(at / stretchMs)]! += 1;
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return Math.sqrt(counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length) / mean;
}

describe('arrivals', () => {
  it.each([
    ['Poisson', poisson(PLAN)],
    ['gamma', gamma(4, PLAN)],
    ['on-off', onOff(burstsOf(10), PLAN)],
  ])('come at the mean rate, in order: %s', (_, { atMs }) => {
    expect(atMs).toHaveLength(PLAN.count);
    expect(PLAN.count / atMs.at(-1)!).toBeGreaterThan(0.97 * PLAN.ratePerMs);
    expect(PLAN.count / atMs.at(-1)!).toBeLessThan(1.03 * PLAN.ratePerMs);
    expect(atMs).toEqual(atMs.toSorted());
  });

  it('are as uneven as theory has them: of 200 a stretch, Poisson by 1 in √200, gamma of CV 4 by four times that', () => {
    expect(unevenness(poisson(PLAN), 400) * Math.sqrt(200)).toBeCloseTo(1, 0);
    expect((unevenness(gamma(4, PLAN), 4_000) * Math.sqrt(2_000)) / 4).toBeCloseTo(1, 0);
  });

  it('that jump between two rates are quiet for most of the time', () => {
    const { atMs } = onOff(burstsOf(100), PLAN);
    const perSecond = new Map<number, number>();
    for (const at of atMs) perSecond.set(Math.floor(at / 100), (perSecond.get(Math.floor(at / 100)) ?? 0) + 1);
    const counts = [...perSecond.values()];
    // At 0.4 times the rate 20 come in 100 ms, at 3 times 150.
    expect(counts.filter((count) => count < 40).length / counts.length).toBeGreaterThan(0.6);
    expect(counts.filter((count) => count > 110).length / counts.length).toBeGreaterThan(0.1);
  });
});
