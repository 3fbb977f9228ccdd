import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createSession, type Session, terminateAll } from './index.js';
import { runtime } from './native/runtime.js';
import { openSession } from './native/session-loader.js';
import { resolveSessionOptions } from './session-options.js';
import { heavyModel, loopModel } from './testing/models.js';
import { fp32, int64, numbers } from './testing/tensors.js';

const ENDLESS = 10 ** 12;

const opened: Session[] = [];

async function open(): Promise<Session> {
  const session = await createSession(loopModel(), { intraOpThreads: 1 });
  opened.push(session);
  return session;
}

afterAll(async () => {
  await Promise.all(opened.map((session) => session.dispose()));
});

const feeds = (rounds: number) => [int64('k', [], rounds), fp32('x', [2], 1, 2)];
const turn = () => new Promise(setImmediate);
const CANCELLED = { code: 'CANCELLED' };

describe('a run whose signal fires', () => {
  it('before it begins is refused at once', async () => {
    const session = await open();
    const signal = AbortSignal.abort();
    for (const mode of ['sync', 'async'] as const) {
      expect(() => session.run(feeds(1), { signal, mode })).toThrow(expect.objectContaining(CANCELLED));
    }
  });

  it('while it runs ends although it would run for ever', async () => {
    const session = await open();
    const abort = new AbortController();
    const run = session.run(feeds(ENDLESS), { signal: abort.signal });
    await turn();
    abort.abort();
    await expect(run).rejects.toMatchObject(CANCELLED);
    expect(numbers((await session.run(feeds(3)))[0])).toEqual([4, 5]);
  });

  it('while it waits for a thread ends without having run', async () => {
    const session = await open();
    const holding = new AbortController();
    const holders = Array.from({ length: 8 }, () => session.run(feeds(ENDLESS), { signal: holding.signal }));
    const abort = new AbortController();
    const waiting = session.run(feeds(ENDLESS), { signal: abort.signal });
    abort.abort();
    await expect(waiting).rejects.toMatchObject(CANCELLED);
    holding.abort();
    const ends = await Promise.allSettled(holders);
    expect(ends.map(({ status }) => status)).toEqual(holders.map(() => 'rejected'));
  });

  it('after its answer changes nothing', async () => {
    const session = await open();
    const abort = new AbortController();
    const result = await session.run(feeds(2), { signal: abort.signal });
    abort.abort();
    expect(numbers(result[0])).toEqual([3, 4]);
    expect(numbers((await session.run(feeds(2)))[0])).toEqual([3, 4]);
  });
});

describe('a storm of cancellations', () => {
  it('ends every run exactly once, with its own result or CANCELLED', async () => {
    const session = await open();
    const moments = fc.array(fc.record({ rounds: fc.integer({ min: 0, max: 3000 }), abortAfter: fc.nat(6) }), {
      minLength: 50,
      maxLength: 300,
    });
    await fc.assert(
      fc.asyncProperty(moments, async (runs) => {
        const ends = await Promise.allSettled(
          runs.map(async ({ rounds, abortAfter }) => {
            const abort = new AbortController();
            const run = session.run(feeds(rounds), { signal: abort.signal });
            // Some are never cancelled; some at once; some some turns of the loop later.
            if (abortAfter === 0) abort.abort();
            for (let turns = 1; turns < abortAfter; turns++) await turn();
            if (abortAfter < 5) abort.abort();
            return { rounds, values: numbers((await run)[0]) };
          }),
        );
        for (const end of ends) {
          if (end.status === 'rejected') expect(end.reason).toMatchObject(CANCELLED);
          else expect(end.value.values).toEqual([1 + end.value.rounds, 2 + end.value.rounds]);
        }
        expect(numbers((await session.run(feeds(1)))[0])).toEqual([2, 3]);
      }),
      { numRuns: 8 },
    );
  });
});

describe('terminateAll', () => {
  it('ends what runs and what waits, and later runs work', async () => {
    const session = await open();
    const runs = Array.from({ length: 20 }, () => session.run(feeds(ENDLESS)));
    await turn();
    terminateAll();
    const ends = await Promise.allSettled(runs);
    for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: CANCELLED });
    expect(numbers((await session.run(feeds(1)))[0])).toEqual([2, 3]);
  });
});

describe('a load whose signal fires', () => {
  it('before it begins is refused', async () => {
    await expect(createSession(loopModel(), {}, AbortSignal.abort())).rejects.toMatchObject(CANCELLED);
  });

  it('while it loads ends early', async () => {
    const model = heavyModel(512, 16);
    const abort = new AbortController();
    const load = createSession(model, { intraOpThreads: 1 }, abort.signal);
    abort.abort();
    await expect(load).rejects.toMatchObject(CANCELLED);
  });

  it('is stopped by the runtime itself', async () => {
    const load = openSession(runtime(), heavyModel(64, 4), resolveSessionOptions(), AbortSignal.abort());
    await expect(load).rejects.toMatchObject({ ...CANCELLED, cause: { code: 'MODEL_LOAD_CANCELED' } });
  });

  it('after it has loaded changes nothing', async () => {
    const abort = new AbortController();
    const session = await createSession(loopModel(), { intraOpThreads: 1 }, abort.signal);
    opened.push(session);
    abort.abort();
    expect(numbers((await session.run(feeds(1)))[0])).toEqual([2, 3]);
  });
});
