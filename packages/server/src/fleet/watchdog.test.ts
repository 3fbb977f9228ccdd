import type { Clock } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import { laneStats } from '../../test/lane-stats.js';
import type { Stuck } from './child.js';
import { judgePulse, Watchdog } from './watchdog.js';

const limits = { heartbeatTimeoutMs: 1_000, runTimeoutMs: 5_000 };
const lane = (oldestRunMs: number) => laneStats({ oldestRunMs });

describe('the judgement of a pulse', () => {
  it('leaves a host alone that beats and whose runs return', () => {
    expect(judgePulse({ lastBeatAtMs: 100, lanes: [lane(4_999)] }, 1_100, limits)).toBeNull();
  });
  it('ends a host whose loop is silent, and blames nothing that began at a known moment', () => {
    const stuck = judgePulse({ lastBeatAtMs: 100, lanes: [] }, 1_101, limits);
    expect(stuck?.why).toMatch(/did not turn for 1001 ms \(limit 1000 ms\)/);
    expect(stuck?.sinceMs).toBeNull();
  });
  it('ends a host with a run that is too old, though its loop turns, and blames what began so long ago', () => {
    const stuck = judgePulse({ lastBeatAtMs: 6_000, lanes: [lane(0), lane(5_001)] }, 6_100, limits);
    expect(stuck?.why).toMatch(/longer than 5000 ms/);
    expect(stuck?.sinceMs).toBe(1_000);
  });
});

describe('a watchdog', () => {
  const INTERVAL_MS = 100;

  /** A watchdog over a clock that a test sets; `jump` lets time pass without a look in between. */
  function watch() {
    let now = 0;
    let due: { readonly atMs: number; readonly call: () => void } | null = null;
    const clock: Clock = {
      now: () => now,
      at: (atMs, call) => {
        due = { atMs, call };
        return () => {
          due = null;
        };
      },
      soon: (call) => call(),
    };
    const found: Stuck[] = [];
    const watchdog = new Watchdog({ clock, intervalMs: INTERVAL_MS, limits, onStuck: (stuck) => found.push(stuck) });
    const jump = (toMs: number) => {
      now = toMs;
      if (due === null || due.atMs > now) return;
      const { call } = due;
      due = null;
      call();
    };
    const pass = (toMs: number) => {
      while (now < toMs) jump(now + INTERVAL_MS);
    };
    return { watchdog, found, jump, pass };
  }

  it('finds a silence once it is longer than the limit, and looks no more', () => {
    const { watchdog, found, pass } = watch();
    watchdog.start();
    pass(900);
    watchdog.beat([]);
    pass(1_900);
    expect(found).toEqual([]);
    pass(5_000);
    expect(found).toHaveLength(1);
  });
  it('does not count the time for which it was stopped itself', () => {
    const { watchdog, found, pass, jump } = watch();
    watchdog.start();
    pass(500);
    jump(60_000);
    expect(found).toEqual([]);
    pass(61_200);
    expect(found).toHaveLength(1);
  });
  it('looks no more once it is stopped', () => {
    const { watchdog, found, pass } = watch();
    watchdog.start();
    watchdog.stop();
    pass(5_000);
    expect(found).toEqual([]);
  });
});
