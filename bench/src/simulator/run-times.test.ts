import { describe, expect, it } from 'vitest';
import { linear, measured } from './run-times.js';
import { alternating, noisy, slowedFrom } from './testing/run-times.js';

const work = (rows: number) => ({ rows, units: rows });
const LINE = linear({ alphaMs: 10, betaMs: 2 });

describe('run times', () => {
  it('are linear in the work', () => {
    expect([1, 2, 10].map((rows) => LINE(work(rows), 0))).toEqual([12, 14, 30]);
  });

  it('with noise keep their mean, and are the same for the same seed', () => {
    const draw = () => {
      const runTimes = noisy(LINE, { spread: 0.5, seed: 1 });
      return Array.from({ length: 20_000 }, () => runTimes(work(1), 0));
    };
    const times = draw();
    expect(times.reduce((sum, ms) => sum + ms, 0) / times.length / 12).toBeCloseTo(1, 1);
    expect(Math.min(...times)).toBeGreaterThan(0);
    expect(draw()).toEqual(times);
  });

  it('change at a moment, or back and forth', () => {
    const slowed = slowedFrom(LINE, { atMs: 100, factor: 3 });
    expect([99, 100, 1_000].map((atMs) => slowed(work(1), atMs))).toEqual([12, 36, 36]);
    const both = alternating(LINE, { periodMs: 50, factor: 3 });
    expect([0, 49, 50, 99, 100].map((atMs) => both(work(1), atMs))).toEqual([12, 12, 36, 36, 12]);
  });

  it('are those that were measured: medians between sizes, spread as runs of the nearest size were', () => {
    const runTimes = measured(
      [
        { rows: 1, ms: 9 },
        { rows: 1, ms: 10 },
        { rows: 1, ms: 11 },
        { rows: 5, ms: 50 },
      ],
      1,
    );
    const drawn = new Set(Array.from({ length: 200 }, () => Math.round(runTimes(work(1), 0))));
    expect([...drawn].sort((a, b) => a - b)).toEqual([9, 10, 11]);
    expect(runTimes(work(5), 0)).toBe(50);
    expect(runTimes(work(4), 0)).toBe(40);
    expect(runTimes(work(10), 0)).toBe(100);
    expect(() => measured([], 1)).toThrow(RangeError);
  });
});
