import { describe, expect, it } from 'vitest';
import { chooseThreads, shareOf } from './threads.js';

const twoCpus = () => ({ count: 2, reason: 'the control group allows 2 CPUs' });

describe('threads of a run', () => {
  it('are one for a small model', () => {
    expect(chooseThreads({ modelBytes: 1200, asked: {} }, twoCpus)).toEqual({
      intraOpThreads: 1,
      reason: '1 thread, since the model is small (2 KiB)',
    });
  });

  it('are one a usable CPU for others', () => {
    expect(chooseThreads({ modelBytes: 90e6, asked: {} }, twoCpus)).toEqual({
      intraOpThreads: 2,
      reason: '2 threads, since the control group allows 2 CPUs; they wait 10 µs for the next operator, then sleep',
    });
  });

  it('are what the manifest asks for', () => {
    expect(chooseThreads({ modelBytes: 1200, asked: { intraOpThreads: 8, spinUs: 0 } }, twoCpus)).toEqual({
      intraOpThreads: 8,
      reason: '8 threads, as intraOpThreads says; they sleep between operators',
    });
    expect(chooseThreads({ modelBytes: 90e6, asked: { intraOpThreads: 1 } }, twoCpus).reason).toBe(
      '1 thread, as intraOpThreads says',
    );
  });

  it.each([
    ['0', 'sleep'],
    ['1', 'spin'],
  ])('wait for each other as a config entry of %s says', (allowSpinning, how) => {
    const asked = { configEntries: { 'session.intra_op.allow_spinning': allowSpinning } };
    expect(chooseThreads({ modelBytes: 90e6, asked }, twoCpus).reason).toContain(
      `; they ${how} between operators, as configEntries say`,
    );
  });
});

describe('the share of a large model', () => {
  const eight = { count: 8, reason: 'this process may use 8 CPUs' };

  it('is all CPUs where it is alone', () => {
    expect(shareOf(eight, { heavy: 1, light: 0 })).toEqual(eight);
  });
  it('is an equal part of what the hosts of small models leave', () => {
    expect(shareOf(eight, { heavy: 2, light: 1 })).toEqual({
      count: 3,
      reason: 'this process may use 8 CPUs, for 2 large models and 1 host of small ones',
    });
    expect(shareOf(eight, { heavy: 2, light: 0 }).count).toBe(4);
    expect(shareOf(eight, { heavy: 1, light: 3 }).count).toBe(5);
  });
  it('is never less than one', () => {
    expect(shareOf(twoCpus(), { heavy: 3, light: 5 })).toMatchObject({ count: 1 });
    expect(shareOf(twoCpus(), { heavy: 0, light: 2 })).toMatchObject({ count: 1 });
  });
});
