import { describe, expect, it } from 'vitest';
import { expectedWaitMs, type Load } from './expected-wait.js';
import { latencyOf } from './testing/latency.js';

const NOW = 1_000;
const endsIn = (ms: number) => ({ startedAtMs: NOW - 1, expectedEndAtMs: NOW + ms, isAlone: false });
const latencyModel = latencyOf(({ rows, units }) => rows + units);

/** So many full runs wait; each takes 100 ms. */
const runs = (count: number) => ({ entries: 4 * count, rows: 8 * count, units: 92 * count });

function wait(given: Partial<Load>): number {
  const load = { entries: 0, rows: 0, units: 0, again: 0, maxRows: 8, instances: 1, running: [], ...given };
  return expectedWaitMs(load, latencyModel, NOW);
}

describe('the wait of an entry that comes now', () => {
  it('is nothing where an instance is free for it', () => {
    expect(wait({})).toBe(0);
    expect(wait({ instances: 2, ...runs(1) })).toBe(0);
  });

  it('is what is left of the run before it', () => {
    expect(wait({ running: [endsIn(30)] })).toBe(30);
  });

  it('is not negative where that run is late', () => {
    expect(wait({ running: [endsIn(-5)] })).toBe(0);
  });

  it('grows by each full run that is ahead of it', () => {
    expect(wait({ running: [endsIn(30)], ...runs(3) })).toBe(330);
    expect(wait(runs(3))).toBe(300);
  });

  it('is not longer for a run that is not full yet, since it rides in that', () => {
    expect(wait({ entries: 7, rows: 7, units: 80, running: [endsIn(30)] })).toBe(30);
  });

  it('grows by each run that is repeated', () => {
    expect(wait({ ...runs(1), again: 2, running: [endsIn(30)] })).toBe(330);
  });

  it('grows by each entry where entries share no run', () => {
    expect(wait({ entries: 2, rows: 2, units: 60, maxRows: null, running: [endsIn(30)] })).toBe(30 + 2 * 31);
  });

  it('is that of the instance whose turn it is, the first to be free first', () => {
    const load = { instances: 3, running: [endsIn(50), endsIn(10), endsIn(30)] };
    expect([0, 1, 2, 3, 4].map((ahead) => wait({ ...load, ...runs(ahead) }))).toEqual([10, 30, 50, 110, 130]);
  });

  it('counts free instances before those that run', () => {
    const load = { instances: 2, running: [endsIn(40)] };
    expect([0, 1, 2, 3].map((ahead) => wait({ ...load, ...runs(ahead) }))).toEqual([0, 40, 100, 140]);
  });
});
