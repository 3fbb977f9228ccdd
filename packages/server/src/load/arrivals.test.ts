import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Arrivals, planSends } from './arrivals.js';

const kinds: fc.Arbitrary<Arrivals> = fc.oneof(
  fc.constant<Arrivals>({ kind: 'constant' }),
  fc.constant<Arrivals>({ kind: 'poisson' }),
  fc.record({ kind: fc.constant('gamma' as const), cv: fc.double({ min: 0.1, max: 8, noNaN: true }) }),
  fc.record({
    kind: fc.constant('on-off' as const),
    onMs: fc.integer({ min: 1, max: 5_000 }),
    offMs: fc.integer({ min: 0, max: 5_000 }),
  }),
  fc
    .uniqueArray(fc.integer({ min: 0, max: 10_000 }), { minLength: 2, maxLength: 50 })
    .map((moments): Arrivals => ({ kind: 'replay', momentsMs: moments.sort((a, b) => a - b) })),
);

describe('any timetable', () => {
  const timetables = fc.record({
    arrivals: kinds,
    ratePerSecond: fc.double({ min: 0.1, max: 5_000, noNaN: true }),
    durationMs: fc.integer({ min: 1, max: 2_000 }),
    seed: fc.integer(),
  });

  it('has rate × duration moments, ascending, within the duration', () => {
    fc.assert(
      fc.property(timetables, (timetable) => {
        const moments = planSends(timetable);
        expect(moments.length).toBe(Math.max(1, Math.round((timetable.ratePerSecond * timetable.durationMs) / 1_000)));
        let before = 0;
        for (const moment of moments) {
          if (!(moment >= before)) expect.fail(`${moment} comes behind ${before}`);
          before = moment;
        }
        expect(before).toBeLessThanOrEqual(timetable.durationMs);
      }),
    );
  });

  it('is the same for the same seed, and scales with the rate', () => {
    fc.assert(
      fc.property(timetables, (timetable) => {
        expect(planSends(timetable)).toEqual(planSends({ ...timetable }));
      }),
      { numRuns: 30 },
    );
  });
});

/** Standard deviation of the gaps over their mean. */
function variation(arrivals: Arrivals): number {
  const moments = planSends({ arrivals, ratePerSecond: 1_000, durationMs: 200_000, seed: 5 });
  const gaps = Array.from(moments, (moment, i) => moment - (moments[i - 1] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  return Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length) / mean;
}

describe('how much gaps vary', () => {
  it.each<[Arrivals, number]>([
    [{ kind: 'constant' }, 0],
    [{ kind: 'poisson' }, 1],
    [{ kind: 'gamma', cv: 0.5 }, 0.5],
    [{ kind: 'gamma', cv: 1 }, 1],
    [{ kind: 'gamma', cv: 4 }, 4],
  ])('of %j by %d of their mean', (arrivals, expected) => {
    const found = variation(arrivals);
    expect(found).toBeGreaterThanOrEqual(expected * 0.95 - 1e-9);
    expect(found).toBeLessThanOrEqual(expected * 1.05 + 1e-9);
  });

  it('is more than Poisson’s where requests come in bursts', () => {
    expect(variation({ kind: 'on-off', onMs: 100, offMs: 400 })).toBeGreaterThan(2);
  });
});

describe('a replay', () => {
  it('keeps the proportions of its gaps', () => {
    const moments = planSends({
      arrivals: { kind: 'replay', momentsMs: [10, 11, 14] },
      ratePerSecond: 400,
      durationMs: 10,
      seed: 1,
    });
    // Gaps of 1, 3, 1, 3 and a last one of 1 share 10 ms.
    expect([...moments].map((moment) => Math.round(moment * 9))).toEqual([10, 40, 50, 80]);
  });

  it.each([[[]], [[5]], [[3, 3]], [[3, 1]], [[0, Number.NaN]]])('of %j is refused', (momentsMs) => {
    const timetable = { ratePerSecond: 1, durationMs: 1, seed: 1 };
    expect(() => planSends({ ...timetable, arrivals: { kind: 'replay', momentsMs } })).toThrow(RangeError);
  });
});
