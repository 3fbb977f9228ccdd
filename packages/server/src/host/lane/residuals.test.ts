import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Residuals } from './residuals.js';

/** Uniform on [0, 1), the same each time. */
function createRandom(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

function told(ratios: readonly number[], residuals = new Residuals()): Residuals {
  for (const ratio of ratios) residuals.add(ratio);
  return residuals;
}

describe('what runs took over what was predicted', () => {
  it('has a margin that about 95 of 100 stay within', () => {
    const random = createRandom();
    const draw = () => 0.7 + 0.6 * random();
    const residuals = told(Array.from({ length: 500 }, draw));
    let within = 0;
    for (let run = 0; run < 2_000; run++) {
      const ratio = draw();
      if (ratio <= residuals.margin) within += 1;
      residuals.add(ratio);
    }
    expect(within / 2_000).toBeGreaterThan(0.92);
    expect(within / 2_000).toBeLessThan(0.98);
    expect(residuals.isSteady).toBe(true);
  });

  it('has next to no margin where runs are as predicted', () => {
    expect(told(new Array<number>(200).fill(1)).margin).toBeLessThan(1.1);
  });

  it('is not steady where every other run takes three times as long', () => {
    const residuals = told(Array.from({ length: 200 }, (_, run) => (run % 2 === 0 ? 0.5 : 1.6)));
    expect(residuals.isSteady).toBe(false);
  });

  it('changes by what three runs in a row say, and not by two', () => {
    const residuals = told(new Array<number>(50).fill(1));
    expect([3, 3, 1, 3, 3].map((ratio) => residuals.add(ratio))).toEqual([null, null, null, null, null]);
    expect(residuals.add(3)).toBeCloseTo(3, 9);
    expect(residuals.count).toBe(0);
  });

  it('changes by the middle one of the three', () => {
    const residuals = told(new Array<number>(50).fill(1));
    expect([2_000, 1.6, 1.7].map((ratio) => residuals.add(ratio))).toEqual([null, null, 1.7]);
  });

  it('never has a margin below 1 or without end, whatever it is told', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { maxLength: 200 }), (ratios) => {
        const { margin } = told(ratios);
        expect(margin).toBeGreaterThanOrEqual(1);
        expect(margin).toBeLessThanOrEqual(8);
      }),
    );
  });
});
