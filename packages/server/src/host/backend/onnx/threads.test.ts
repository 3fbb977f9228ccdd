import { describe, expect, it } from 'vitest';
import { chooseThreads } from './threads.js';

const twoCpus = () => ({ count: 2, reason: 'the control group allows 2 CPUs' });

describe('threads of a run', () => {
  it('are one for a small model', () => {
    expect(chooseThreads({ modelBytes: 1200, asked: undefined }, twoCpus)).toEqual({
      intraOpThreads: 1,
      reason: '1 thread, since the model is small (2 KiB)',
    });
  });

  it('are one a usable CPU for others', () => {
    expect(chooseThreads({ modelBytes: 90e6, asked: undefined }, twoCpus)).toEqual({
      intraOpThreads: 2,
      reason: '2 threads, since the control group allows 2 CPUs',
    });
  });

  it('are what the manifest asks for', () => {
    expect(chooseThreads({ modelBytes: 1200, asked: 8 }, twoCpus)).toEqual({
      intraOpThreads: 8,
      reason: '8 threads, as intraOpThreads says',
    });
  });
});
