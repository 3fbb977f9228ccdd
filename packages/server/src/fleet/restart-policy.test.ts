import { describe, expect, it } from 'vitest';
import { decideRestart, type EndedLife, remember } from './restart-policy.js';

const settings = { restartBackoffMs: 100, restartBackoffMaxMs: 1_000, maxRestarts: 5, restartWindowMs: 60_000 };
const restart = (afterMs: number) => ({ state: 'restart', afterMs });

/** Lives that ended one millisecond after another. */
function lives(count: number, life: Partial<EndedLife> = {}): EndedLife[] {
  return Array.from({ length: count }, (_, index) => ({
    atMs: index,
    end: 'fault',
    wasReady: true,
    hasServed: false,
    ...life,
  }));
}

describe('a process that ends by its own doing', () => {
  it('is started again at once the first time', () => {
    expect(decideRestart(lives(1), true, settings)).toEqual(restart(0));
  });
  it('waits twice as long each time, up to a limit', () => {
    const waits = [1, 2, 3, 4, 5].map((count) => decideRestart(lives(count), true, settings));
    expect(waits).toEqual([0, 100, 200, 400, 800].map(restart));
    expect(decideRestart(lives(20), true, { ...settings, maxRestarts: 100 })).toEqual(restart(1_000));
  });
  it('is given up after too many ends within the window', () => {
    expect(decideRestart(lives(6), true, settings)).toEqual({ state: 'give-up' });
  });
  it('is forgiven what lies before the window', () => {
    const later = lives(1).map((life) => ({ ...life, atMs: 70_000 }));
    expect(decideRestart([...lives(5), ...later], true, settings)).toEqual(restart(0));
  });
});

describe('a process that ends by its own doing after it answered requests', () => {
  it('waits longer each time and is never given up: single requests may be to blame', () => {
    expect(decideRestart(lives(4, { hasServed: true }), true, settings)).toEqual(restart(400));
    expect(decideRestart(lives(50, { hasServed: true }), true, settings)).toEqual(restart(1_000));
  });
  it('is given up once as many in a row answer nothing', () => {
    const served = lives(10, { hasServed: true });
    expect(decideRestart([...served, ...lives(5)], true, settings)).toMatchObject({ state: 'restart' });
    expect(decideRestart([...served, ...lives(6)], true, settings)).toEqual({ state: 'give-up' });
  });
});

describe("a process that ends by somebody's kill", () => {
  it('is started again at once, however often, where it was ready', () => {
    expect(decideRestart(lives(100, { end: 'killed' }), true, settings)).toEqual(restart(0));
  });
  it('waits longer each time while it loads, and is never given up once it was ready', () => {
    const loading = lives(4, { end: 'killed', wasReady: false });
    expect(decideRestart([...lives(1, { end: 'killed' }), ...loading], true, settings)).toEqual(restart(400));
    expect(decideRestart(lives(50, { end: 'killed', wasReady: false }), true, settings)).toEqual(restart(1_000));
  });
  it('is given up where it never was: a system without memory kills too', () => {
    expect(decideRestart(lives(6, { end: 'killed', wasReady: false }), false, settings)).toEqual({ state: 'give-up' });
  });
  it('adds nothing to its failures', () => {
    const history = [...lives(1), ...lives(3, { end: 'killed' }), ...lives(1)];
    expect(decideRestart(history, true, settings)).toEqual(restart(100));
  });
});

describe('a process whose load fails', () => {
  it('is given up after as many in a row, however far they lie apart', () => {
    const slow = lives(6, { wasReady: false, end: 'exit' }).map((life) => ({ ...life, atMs: life.atMs * 100_000 }));
    expect(decideRestart(slow.slice(0, 5), true, settings)).toMatchObject({ state: 'restart' });
    expect(decideRestart(slow, true, settings)).toEqual({ state: 'give-up' });
  });
  it('is given up at once where it took too long the first time', () => {
    expect(decideRestart(lives(1, { wasReady: false, end: 'hung' }), false, settings)).toEqual({ state: 'give-up' });
    expect(decideRestart(lives(1, { wasReady: false, end: 'hung' }), true, settings)).toEqual(restart(0));
  });
});

describe('what is remembered', () => {
  it('is bounded, and enough to give up', () => {
    let ended: EndedLife[] = [];
    for (const life of lives(1_000)) ended = remember(ended, life, settings);
    expect(ended.length).toBeLessThan(20);
    expect(decideRestart(ended, true, settings)).toEqual({ state: 'give-up' });
  });
});
