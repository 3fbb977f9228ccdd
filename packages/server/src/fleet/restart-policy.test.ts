import { describe, expect, it } from 'vitest';
import { decideRestart } from './restart-policy.js';

const settings = { restartBackoffMs: 100, restartBackoffMaxMs: 1_000, maxRestarts: 5, restartWindowMs: 60_000 };

describe('a process that ended', () => {
  it('is started again at once the first time', () => {
    expect(decideRestart([5_000], settings)).toEqual({ state: 'restart', afterMs: 0 });
  });
  it('waits twice as long each time, up to a limit', () => {
    const ends = [0, 1, 2, 3, 4];
    const waits = ends.map((_, i) => decideRestart(ends.slice(0, i + 1), settings));
    expect(waits).toEqual([0, 100, 200, 400, 800].map((afterMs) => ({ state: 'restart', afterMs })));
    const patient = { ...settings, maxRestarts: 100 };
    expect(
      decideRestart(
        Array.from({ length: 20 }, (_, i) => i),
        patient,
      ),
    ).toEqual({ state: 'restart', afterMs: 1_000 });
  });
  it('is given up after too many ends within the window', () => {
    expect(decideRestart([0, 1, 2, 3, 4, 5], settings)).toEqual({ state: 'give-up' });
  });
  it('is forgiven what lies before the window', () => {
    expect(decideRestart([0, 1, 2, 3, 4, 70_000], settings)).toEqual({ state: 'restart', afterMs: 0 });
  });
});
