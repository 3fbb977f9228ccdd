import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumberMap } from './number-map.js';

const key = fc.oneof(fc.nat({ max: 40 }), fc.nat(), fc.maxSafeNat());
const step = fc.oneof(
  fc.record({ does: fc.constant('set' as const), key, value: fc.integer() }),
  fc.record({ does: fc.constant('delete' as const), key }),
);

describe('a map from numbers', () => {
  it('holds what a Map would', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const map = new NumberMap<number>();
        const model = new Map<number, number>();
        for (const each of steps) {
          if (each.does === 'set') {
            map.set(each.key, each.value);
            model.set(each.key, each.value);
          } else {
            expect(map.delete(each.key)).toBe(model.delete(each.key));
          }
          expect(map.size).toBe(model.size);
          expect(map.get(each.key)).toBe(model.get(each.key));
          expect(map.has(each.key)).toBe(model.has(each.key));
        }
        expect(map.values()).toEqual([...model].sort(([a], [b]) => a - b).map(([, value]) => value));
        for (const [known, value] of model) expect(map.get(known)).toBe(value);
      }),
    );
  });

  it('finds all of many that come and go, and shrinks behind them', () => {
    const map = new NumberMap<number>();
    for (let id = 0; id < 20_000; id++) {
      map.set(id, -id);
      if (id >= 1_000) expect(map.delete(id - 1_000)).toBe(true);
    }
    expect(map.values()).toEqual(Array.from({ length: 1_000 }, (_, i) => -(19_000 + i)));
    map.clear();
    expect([map.size, map.get(19_500), map.values()]).toEqual([0, undefined, []]);
  });
});
