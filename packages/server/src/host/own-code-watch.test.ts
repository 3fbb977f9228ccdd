import type { Pipeline, RequestContext } from '@jitney/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { laneStats } from '../../test/lane-stats.js';
import { OwnCodeWatch } from './own-code-watch.js';

const stats = (oldestRunMs: number) => laneStats({ oldestRunMs });
const context: RequestContext = { requestId: '1', parameters: {}, signal: new AbortController().signal };

let now: number;
let watch: OwnCodeWatch;
beforeEach(() => {
  now = 0;
  watch = new OwnCodeWatch(() => now);
});

/** Own code whose calls a test ends. */
function held() {
  const ends: (() => void)[] = [];
  const wait = () => new Promise<void>((resolve) => ends.push(resolve));
  const pipeline: Pipeline<string, string, string> = watch.watch({
    encode: async (input) => {
      await wait();
      return { tensors: [], rows: 1, cost: 1, carry: input };
    },
    decode: (_outputs, carry) => {
      if (carry === 'bad') throw new Error('bad');
      return `${carry}!`;
    },
  });
  return { pipeline, ends };
}

describe('the watch over own code', () => {
  it('gives what the code gives, and throws what it throws', async () => {
    const { pipeline, ends } = held();
    const encoded = pipeline.encode('good', context);
    ends[0]?.();
    expect(await encoded).toMatchObject({ carry: 'good' });
    expect(await pipeline.decode([], 'good', context)).toBe('good!');
    await expect(pipeline.decode([], 'bad', context)).rejects.toThrow('bad');
  });
  it('counts the oldest call that has not returned as a run', async () => {
    const { pipeline, ends } = held();
    now = 100;
    const first = pipeline.encode('a', context);
    now = 150;
    const second = pipeline.encode('b', context);
    now = 200;
    expect(watch.countIn(stats(30)).oldestRunMs).toBe(100);
    expect(watch.countIn(stats(170)).oldestRunMs).toBe(170);
    ends[0]?.();
    await first;
    expect(watch.countIn(stats(30)).oldestRunMs).toBe(50);
    ends[1]?.();
    await second;
    expect(watch.countIn(stats(30))).toEqual(stats(30));
  });
});
