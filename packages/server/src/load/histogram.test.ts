import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from './histogram.js';

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** By its definition, from all values. */
function exactPercentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil((percent / 100) * sorted.length)) - 1]!;
}

describe('a histogram of any values', () => {
  const values = fc.array(fc.oneof(fc.nat(300), fc.nat(100_000), fc.nat(2 ** 31 - 1)), { minLength: 1 });

  it('tells each percentile to one part in 128, never below', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 100, noNaN: true }), (all, percent) => {
        const exact = exactPercentile(all, percent);
        const found = histogramOf(all).percentile(percent);
        expect(found).toBeGreaterThanOrEqual(exact);
        expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 128));
      }),
    );
  });

  it('knows how many there were, the largest and the mean exactly', () => {
    fc.assert(
      fc.property(values, (all) => {
        const histogram = histogramOf(all);
        expect(histogram.count).toBe(all.length);
        expect(histogram.max).toBe(Math.max(...all));
        expect(histogram.percentile(100)).toBe(Math.max(...all));
        expect(histogram.mean).toBeCloseTo(all.reduce((sum, value) => sum + value, 0) / all.length, 3);
      }),
    );
  });
});

describe('a histogram of values below 256', () => {
  it('is exact', () => {
    const histogram = histogramOf(Array.from({ length: 256 }, (_, value) => value));
    expect([0, 25, 50, 99, 100].map((percent) => histogram.percentile(percent))).toEqual([0, 63, 127, 253, 255]);
  });
});

describe('values outside the range', () => {
  it('count as the nearest that is kept', () => {
    const histogram = histogramOf([-5, 2 ** 40]);
    expect(histogram.percentile(50)).toBe(0);
    expect(histogram.max).toBe(2 ** 31 - 1);
  });
});

describe('an empty histogram', () => {
  it('answers 0', () => {
    const { count, max, mean } = new Histogram();
    expect([count, max, mean, new Histogram().percentile(99)]).toEqual([0, 0, 0, 0]);
  });
});

describe('two histograms', () => {
  const values = fc.array(fc.nat(2 ** 31 - 1));
  const facts = (histogram: Histogram) => ({
    record: histogram.toRecord(),
    count: histogram.count,
    max: histogram.max,
    percentiles: [0, 50, 99, 100].map((percent) => histogram.percentile(percent)),
  });

  it('merge into the one of all values', () => {
    fc.assert(
      fc.property(values, values, (some, others) => {
        const merged = histogramOf(some);
        merged.merge(histogramOf(others));
        expect(facts(merged)).toEqual(facts(histogramOf([...some, ...others])));
      }),
    );
  });

  it('are the same where one was written as JSON and read again', () => {
    fc.assert(
      fc.property(values, (all) => {
        const histogram = histogramOf(all);
        const read = Histogram.fromRecord(JSON.parse(JSON.stringify(histogram.toRecord())));
        expect(facts(read)).toEqual(facts(histogram));
      }),
    );
  });
});
