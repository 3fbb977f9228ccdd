import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundInTime, type KnownRequests, mostInTime } from './all-knowing.js';

/** Tries every schedule: any subset of those who are there, at any moment at which something changes. */
function mostByTrying({ atMs, sloMs, maxRows, runMs }: KnownRequests): number {
  const count = atMs.length;
  const best = new Map<string, number>();
  const from = (freeAtMs: number, done: number): number => {
    const key = `${freeAtMs} ${done}`;
    const known = best.get(key);
    if (known !== undefined) return known;
    let most = 0;
    for (let run = 1; run < 1 << count; run++) {
      if ((run & done) !== 0) continue;
      const members = Array.from({ length: count }, (_, i) => i).filter((i) => (run & (1 << i)) !== 0);
      if (members.length > maxRows) continue;
      const endsAtMs = Math.max(freeAtMs, ...members.map((i) => atMs[i]!)) + runMs(members.length);
      if (members.some((i) => atMs[i]! + sloMs < endsAtMs)) continue;
      most = Math.max(most, members.length + from(endsAtMs, done | run));
    }
    best.set(key, most);
    return most;
  };
  return from(0, 0);
}

describe('the most that can be answered in time', () => {
  it('is what trying every schedule finds', () => {
    const requests = fc.record({
      atMs: fc
        .array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 7 })
        .map((all) => all.sort((a, b) => a - b)),
      sloMs: fc.integer({ min: 1, max: 30 }),
      maxRows: fc.integer({ min: 1, max: 4 }),
      alphaMs: fc.integer({ min: 0, max: 8 }),
      betaMs: fc.integer({ min: 1, max: 6 }),
    });
    fc.assert(
      fc.property(requests, ({ alphaMs, betaMs, ...rest }) => {
        const known = { ...rest, runMs: (rows: number) => alphaMs + betaMs * rows };
        expect(mostInTime(known)).toBe(mostByTrying(known));
        expect(boundInTime(known)).toBeGreaterThanOrEqual(mostInTime(known));
      }),
      { numRuns: 400 },
    );
  });

  it('is all of them where there is time', () => {
    const atMs = Float64Array.from({ length: 500 }, (_, i) => 20 * i);
    expect(mostInTime({ atMs, sloMs: 20, maxRows: 8, runMs: (rows) => 10 + rows })).toBe(500);
  });

  it('is none where nothing can be answered in time', () => {
    expect(mostInTime({ atMs: [0, 0, 0], sloMs: 10, maxRows: 8, runMs: (rows) => 10 + rows })).toBe(0);
  });

  it('is what full runs answer of a flood', () => {
    const atMs = new Float64Array(1_000);
    // Runs of 4 end at 14, 28 … 98: seven within 100 ms.
    expect(mostInTime({ atMs, sloMs: 100, maxRows: 4, runMs: (rows) => 10 + rows })).toBe(28);
  });

  it('is close to the bound that one pass gives, where there is time for many runs', () => {
    const atMs = Float64Array.from({ length: 2_000 }, (_, i) => i);
    const known = { atMs, sloMs: 100, maxRows: 4, runMs: (rows: number) => 1 + rows };
    expect(mostInTime(known) / boundInTime(known)).toBeGreaterThan(0.99);
  });
});
