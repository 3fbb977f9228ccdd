import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { efficientRows, rowsToKeepPace } from './efficient-rows.js';

const cost = (fixedMs: number, rowMs: number) => ({ fixedMs, rowMs, margin: 1 });
const demand = (waitingRows: number, arrivingRowsPerMs = 0, instances = 1) => ({
  instances,
  waitingRows,
  arrivingRowsPerMs,
});

describe('the efficient size of a run', () => {
  it('is √(αQ/β) + α/β where nothing else comes', () => {
    expect(efficientRows(cost(1, 1), demand(16))).toBe(5);
    expect(efficientRows(cost(0.1, 10), demand(4))).toBe(1);
  });

  it('is all where a row costs nothing, and where more comes than the instances can do', () => {
    expect(efficientRows(cost(1, 0), demand(16))).toBe(Number.POSITIVE_INFINITY);
    expect(efficientRows(cost(1, 1), demand(16, 1))).toBe(Number.POSITIVE_INFINITY);
    expect(efficientRows(cost(1, 1), demand(16, 1, 2))).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  it('grows with what waits and with what comes, and is always enough to keep pace', () => {
    const part = fc.double({ min: 0.01, max: 10, noNaN: true });
    fc.assert(
      fc.property(
        part,
        part,
        fc.integer({ min: 1, max: 1_000 }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        (a, b, rows, load) => {
          const like = cost(a, b);
          const now = efficientRows(like, demand(rows, load / b));
          expect(now).toBeGreaterThanOrEqual(1);
          expect(efficientRows(like, demand(rows + 1, load / b))).toBeGreaterThanOrEqual(now);
          expect(efficientRows(like, demand(rows, (load + 0.1) / b))).toBeGreaterThanOrEqual(now);
          expect(now).toBeGreaterThanOrEqual(rowsToKeepPace(like, demand(rows, load / b)));
        },
      ),
    );
  });
});
