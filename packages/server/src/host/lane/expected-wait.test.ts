import { describe, expect, it } from 'vitest';
import { expectedWaitMs, type Load } from './expected-wait.js';

const NOW = 1_000;
const endsIn = (ms: number) => ({ startedAtMs: NOW - 1, expectedEndAtMs: NOW + ms, isAlone: false });
const latencyModel = { predict: ({ rows, units }: { rows: number; units: number }) => rows + units, observe: () => {} };

function wait(given: Partial<Load>): number {
  const load = { runsAhead: 0, rowsPerRun: 8, unitsPerRun: 92, instances: 1, running: [], ...given };
  return expectedWaitMs(load, latencyModel, NOW);
}

describe('the wait of an entry that comes now', () => {
  it('is nothing where an instance is free for it', () => {
    expect(wait({})).toBe(0);
    expect(wait({ instances: 2, runsAhead: 1 })).toBe(0);
  });

  it('is what is left of the run before it', () => {
    expect(wait({ running: [endsIn(30)] })).toBe(30);
  });

  it('is not negative where that run is late', () => {
    expect(wait({ running: [endsIn(-5)] })).toBe(0);
  });

  it('grows by each full run that is ahead of it', () => {
    expect(wait({ running: [endsIn(30)], runsAhead: 3 })).toBe(330);
    expect(wait({ runsAhead: 3 })).toBe(300);
  });

  it('is that of the instance whose turn it is, the first to be free first', () => {
    const load = { instances: 3, running: [endsIn(50), endsIn(10), endsIn(30)] };
    expect([0, 1, 2, 3, 4].map((runsAhead) => wait({ ...load, runsAhead }))).toEqual([10, 30, 50, 110, 130]);
  });

  it('counts free instances before those that run', () => {
    const load = { instances: 2, running: [endsIn(40)] };
    expect([0, 1, 2, 3].map((runsAhead) => wait({ ...load, runsAhead }))).toEqual([0, 40, 100, 140]);
  });
});
