import { describe, expect, it } from 'vitest';
import { lineThrough } from './simulated-lane.js';

describe('what a simulated lane knows of run times', () => {
  it('is the line through the measured runs', () => {
    const { alphaMs, betaMs } = lineThrough([1, 2, 4].map((rows) => ({ rows, ms: 3 + 2 * rows })));
    expect(alphaMs).toBeCloseTo(3);
    expect(betaMs).toBeCloseTo(2);
  });

  it('is their time a row where all are of one size', () => {
    expect(lineThrough([{ rows: 2, ms: 8 }])).toEqual({ alphaMs: 0, betaMs: 4 });
  });
});
