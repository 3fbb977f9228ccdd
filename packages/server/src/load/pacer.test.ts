import { describe, expect, it } from 'vitest';
import { Pacer } from './pacer.js';

/** Indices and how early each call was, in ms. */
function runThrough(momentsMs: readonly number[]): Promise<{ index: number; earlyMs: number }[]> {
  return new Promise((resolve) => {
    const calls: { index: number; earlyMs: number }[] = [];
    const pacer = new Pacer({
      momentsMs: Float64Array.from(momentsMs),
      onMoment: (index) => calls.push({ index, earlyMs: pacer.startedAtMs + momentsMs[index]! - performance.now() }),
      onEnd: () => resolve(calls),
    });
    pacer.start();
  });
}

describe('a pacer', () => {
  it('calls once at each moment, in order, never before it', async () => {
    const moments = [0, 0, 0.05, 0.3, 1, 1, 4, 9.5, 20, ...Array.from({ length: 100 }, () => 21)];
    const calls = await runThrough(moments);
    expect(calls.map(({ index }) => index)).toEqual(moments.map((_, index) => index));
    expect(calls.filter(({ earlyMs }) => earlyMs > 0)).toEqual([]);
  });

  it('without moments ends at once', async () => {
    expect(await runThrough([])).toEqual([]);
  });

  it('lets others of the event loop run between many moments that are due', async () => {
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await runThrough(new Array(1_000).fill(0));
    isOver = true;
    expect(turns).toBeGreaterThan(10);
  });

  it('that is stopped calls no more', async () => {
    const calls: number[] = [];
    await new Promise<void>((resolve) => {
      const pacer = new Pacer({
        momentsMs: Float64Array.of(0, 1, 1, 1),
        onMoment: (index) => {
          calls.push(index);
          if (index !== 1) return;
          pacer.stop();
          setTimeout(resolve, 10);
        },
        onEnd: resolve,
      });
      pacer.start();
    });
    expect(calls).toEqual([0, 1]);
  });
});
