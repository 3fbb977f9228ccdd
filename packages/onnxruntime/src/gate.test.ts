import { JitneyError } from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Gate, poolCapacity } from './gate.js';

/** Work that is inside the gate until it is let go. */
function held(gate: Gate, signal?: AbortSignal) {
  const call = { entered: false, letGo: () => {}, passed: Promise.resolve<unknown>(undefined) };
  call.passed = gate.pass(signal, () => {
    call.entered = true;
    return new Promise<void>((resolve) => {
      call.letGo = resolve;
    });
  });
  call.passed.catch(() => {});
  return call;
}

const turn = () => new Promise(setImmediate);

describe('a gate that is full', () => {
  it('lets the next in, in order, as places become free', async () => {
    const gate = new Gate(2);
    const calls = [held(gate), held(gate), held(gate), held(gate)];
    await turn();
    expect(calls.map(({ entered }) => entered)).toEqual([true, true, false, false]);
    calls[1]?.letGo();
    await turn();
    expect(calls.map(({ entered }) => entered)).toEqual([true, true, true, false]);
    calls[0]?.letGo();
    await turn();
    expect(calls.map(({ entered }) => entered)).toEqual([true, true, true, true]);
  });

  it('gives the place back when the work fails', async () => {
    const gate = new Gate(1);
    await expect(gate.pass(undefined, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate.pass(undefined, async () => 1)).toBe(1);
  });

  it('refuses one whose signal fires while it waits, and leaves the order of the others', async () => {
    const gate = new Gate(1);
    const inside = held(gate);
    const abort = new AbortController();
    const cancelled = held(gate, abort.signal);
    const next = held(gate);
    abort.abort();
    await expect(cancelled.passed).rejects.toMatchObject({ code: 'CANCELLED' });
    inside.letGo();
    await turn();
    expect([cancelled.entered, next.entered]).toEqual([false, true]);
  });

  it('no longer heeds the signal of one that it let in', async () => {
    const gate = new Gate(1);
    const inside = held(gate);
    const abort = new AbortController();
    const next = held(gate, abort.signal);
    inside.letGo();
    await turn();
    abort.abort();
    next.letGo();
    await expect(next.passed).resolves.toBeUndefined();
  });

  it('refuses all that wait when it is cleared', async () => {
    const gate = new Gate(1);
    const calls = [held(gate), held(gate), held(gate)];
    gate.clear(new JitneyError('CANCELLED', 'the end'));
    await expect(calls[1]?.passed).rejects.toThrow('the end');
    await expect(calls[2]?.passed).rejects.toThrow('the end');
    calls[0]?.letGo();
    await expect(calls[0]?.passed).resolves.toBeUndefined();
    expect(await gate.pass(undefined, async () => 1)).toBe(1);
  });

  it('never holds more than its capacity, and every call ends exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.boolean(), { maxLength: 3000, minLength: 1 }),
        async (capacity, cancels) => {
          const gate = new Gate(capacity);
          let inside = 0;
          let most = 0;
          const ends = await Promise.allSettled(
            cancels.map((cancel) => {
              const abort = new AbortController();
              const passed = gate.pass(abort.signal, async () => {
                most = Math.max(most, ++inside);
                await Promise.resolve();
                inside--;
              });
              if (cancel) abort.abort();
              return passed;
            }),
          );
          const waiting = cancels.slice(capacity);
          expect(ends.filter(({ status }) => status === 'rejected')).toHaveLength(waiting.filter(Boolean).length);
          expect(most).toBeLessThanOrEqual(capacity);
          expect(inside).toBe(0);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("the capacity of libuv's pool", () => {
  it('is one less than its threads, so that files and DNS go on', () => {
    expect(poolCapacity({})).toBe(3);
    expect(poolCapacity({ UV_THREADPOOL_SIZE: '16' })).toBe(15);
    expect(poolCapacity({ UV_THREADPOOL_SIZE: '1' })).toBe(1);
    expect(poolCapacity({ UV_THREADPOOL_SIZE: '100000' })).toBe(1023);
    for (const odd of ['', '0', '-3', 'many']) expect(poolCapacity({ UV_THREADPOOL_SIZE: odd })).toBe(3);
  });
});
