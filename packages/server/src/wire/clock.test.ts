import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { now, realClock } from './clock.js';

/** Half of what the calibration's two readings may be apart, with room to spare. */
const TOLERANCE_MS = 0.05;

function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

describe('now', () => {
  it("is the machine's monotonic clock", () => {
    for (let i = 0; i < 1000; i++) {
      const before = machineMs();
      const moment = now();
      expect(moment).toBeGreaterThanOrEqual(before - TOLERANCE_MS);
      expect(moment).toBeLessThanOrEqual(machineMs() + TOLERANCE_MS);
    }
  });

  it('lies where it should between the moments of another process', () => {
    const before = now();
    const { stdout } = spawnSync(process.execPath, ['-p', 'Number(process.hrtime.bigint()) / 1e6'], {
      encoding: 'utf8',
    });
    expect(Number(stdout)).toBeGreaterThan(before - TOLERANCE_MS);
    expect(Number(stdout)).toBeLessThan(now() + TOLERANCE_MS);
  });
});

describe('a callback at a moment', () => {
  it('is called once, at or after it', async () => {
    const moments: number[] = [];
    const at = now() + 3.5;
    await new Promise<void>((resolve) => {
      realClock.at(at, () => {
        moments.push(now());
        resolve();
      });
    });
    expect(moments).toHaveLength(1);
    expect(moments[0]).toBeGreaterThanOrEqual(at);
  });

  it('is called in a later turn when the moment is past', async () => {
    const called = vi.fn();
    await new Promise<void>((resolve) => {
      realClock.at(now() - 1000, resolve);
      realClock.at(now() - 1000, called)();
      expect(called).not.toHaveBeenCalled();
    });
    expect(called).not.toHaveBeenCalled();
  });
});

describe('a callback far away', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  /** Timers and the clock under the clock go on by `vi.advanceTimersByTime` alone. */
  function fakeTime(): void {
    const start = performance.now();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 0 });
    vi.spyOn(performance, 'now').mockImplementation(() => start + Date.now());
  }

  it('is not called before its moment, even when no timer reaches that far', () => {
    fakeTime();
    const called = vi.fn();
    realClock.at(now() + 2 ** 32, called);
    vi.advanceTimersByTime(2 ** 32 - 1);
    expect(called).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(called).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('can be taken back at any time', () => {
    fakeTime();
    const called = vi.fn();
    const cancel = realClock.at(now() + 2 ** 32, called);
    vi.advanceTimersByTime(2 ** 31);
    cancel();
    expect(vi.getTimerCount()).toBe(0);
    expect(called).not.toHaveBeenCalled();
  });

  it('holds no timer when it is never', () => {
    fakeTime();
    realClock.at(Number.POSITIVE_INFINITY, () => {});
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('soon', () => {
  it('is after what this turn still does', async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      realClock.soon(() => {
        order.push('soon');
        resolve();
      });
      process.nextTick(() => order.push('tick'));
      queueMicrotask(() => order.push('microtask'));
    });
    expect(order).toHaveLength(3);
    expect(order.at(-1)).toBe('soon');
  });
});
