import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryOf } from '../testing/entries.js';
import { type BatchPolicy, type Demand, rowBound } from './row-bound.js';

const POLICY: BatchPolicy = { maxRows: 64, maxRunBytes: 1_000, latencyMs: null, maxDelayMs: 0, size: 'all' };
const policyOf = (latencyMs: number | null): BatchPolicy => ({ ...POLICY, maxRows: 1_000, latencyMs });
const COST = { fixedMs: 10, rowMs: 1, margin: 1 };
const DEMAND: Demand = { instances: 1, waitingRows: 10, arrivingRowsPerMs: 0 };
/** Two rows of 4 bytes, with so much time in all. */
const anchor = (ms = Number.POSITIVE_INFINITY) => ({
  entry: entryOf([1, 2], { arrivedAtMs: 1_000, deadlineAtMs: 1_000 + ms }),
  sinceMs: 1_000,
  nextRow: 0,
});

describe('the rows of a run', () => {
  it('are bounded by the model where nothing else bounds them', () => {
    expect(rowBound(anchor(), POLICY, COST, DEMAND)).toEqual({ hardRows: 64, rows: 64, by: 'rows' });
  });

  it('are bounded by the bytes of its inputs, at one row at least', () => {
    const policy = { ...POLICY, maxRunBytes: 40 };
    expect(rowBound(anchor(), policy, COST, DEMAND)).toEqual({ hardRows: 10, rows: 10, by: 'bytes' });
    expect(rowBound(anchor(), { ...POLICY, maxRunBytes: 1 }, COST, DEMAND).hardRows).toBe(1);
  });

  it.each([
    ['with one instance, twice the run', 1, 40],
    ['with four, a run and a quarter', 4, 64 + 6],
  ])('are bounded by the time that an answer should take: %s', (_, instances, most) => {
    const policy = { ...POLICY, maxRows: 1_000, latencyMs: 100 };
    const bound = rowBound(anchor(), policy, COST, { ...DEMAND, instances });
    expect(bound).toMatchObject({ rows: most, by: 'latency' });
    expect((1 + 1 / instances) * (10 + bound.rows)).toBeLessThanOrEqual(100);
    expect((1 + 1 / instances) * (10 + bound.rows + 1)).toBeGreaterThan(100);
  });

  it('are bounded by the time that the first has in all where nobody says, and never by what is left of it', () => {
    expect(rowBound(anchor(60), POLICY, COST, DEMAND)).toMatchObject({ rows: 20, by: 'latency' });
  });

  it('are fewer where runs vary', () => {
    const policy = { ...POLICY, latencyMs: 100 };
    expect(rowBound(anchor(), policy, { ...COST, margin: 1.25 }, DEMAND).rows).toBe(30);
  });

  it('are more where they come faster than they run, up to what saves time', () => {
    const policy = { ...POLICY, maxRows: 1_000, latencyMs: 100 };
    const fast = { ...DEMAND, arrivingRowsPerMs: 9 };
    // 81 rows come in 9 ms and run in 91.
    expect(rowBound(anchor(), policy, COST, fast).rows).toBe(81);
    const steep = { fixedMs: 0.5, rowMs: 1, margin: 1 };
    expect(rowBound(anchor(), policy, steep, { ...DEMAND, arrivingRowsPerMs: 1e9 }).rows).toBe(49);
    // 49 times 0.5 / 0.4, where 48 would have the time after a run of as many.
    const short = { fixedMs: 0.5, rowMs: 0.4, margin: 1 };
    expect(rowBound(anchor(40), policyOf(null), short, { ...DEMAND, arrivingRowsPerMs: 1e9 }).rows).toBe(61);
  });

  it('are whole, whatever a run costs and whoever comes', () => {
    const ms = fc.double({ min: 0, max: 50, noNaN: true });
    const drawn = fc.record({ fixedMs: ms, rowMs: ms, margin: fc.double({ min: 1, max: 8, noNaN: true }) });
    fc.assert(
      fc.property(
        drawn,
        fc.nat(200),
        ms,
        fc.integer({ min: 1, max: 4 }),
        (cost, latencyMs, arrivingRowsPerMs, instances) => {
          const demand = { instances, waitingRows: 10, arrivingRowsPerMs };
          const { rows, hardRows } = rowBound(anchor(), policyOf(latencyMs), cost, demand);
          expect([rows, hardRows].map(Number.isInteger)).toEqual([true, true]);
          expect(rows).toBeGreaterThanOrEqual(1);
        },
      ),
    );
  });

  it.each([0, -5, Number.NaN])('are at least one where a request has %d ms in all', (ms) => {
    expect(rowBound(anchor(ms), POLICY, COST, DEMAND).rows).toBeGreaterThanOrEqual(1);
  });

  it('are bounded by what pays, where the policy is so', () => {
    const bound = rowBound(anchor(), { ...POLICY, size: 'efficient' }, { ...COST, fixedMs: 0.1 }, DEMAND);
    expect(bound).toEqual({ hardRows: 64, rows: 2, by: 'efficiency' });
  });

  it('are not bounded by what is not known yet', () => {
    const nothing = { fixedMs: 0, rowMs: 0, margin: 1.2 };
    expect(rowBound(anchor(60), { ...POLICY, size: 'efficient' }, nothing, DEMAND).rows).toBe(64);
  });
});
