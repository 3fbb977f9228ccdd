import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createSession, type RunMode, type Session, type SessionOptions } from './index.js';
import { doubleAndSquareModel, nestedFunctionModel, nestedIfModel } from './testing/models.js';
import { bool, fp32, numbers } from './testing/tensors.js';

const opened: Session[] = [];

async function open(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const session = await createSession(model, { intraOpThreads: 1, ...options });
  opened.push(session);
  return session;
}

afterAll(async () => {
  await Promise.all(opened.map((session) => session.dispose()));
});

describe('many runs at once on one session', () => {
  it('each get their own answer, whatever their shapes and threads', async () => {
    const session = await open(doubleAndSquareModel(), { intraOpThreads: 2 });
    const run = fc.record({
      shape: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 4 }),
      mode: fc.constantFrom<RunMode>('auto', 'sync', 'async'),
      first: fc.integer({ min: 0, max: 1000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 20, maxLength: 120 }), async (runs) => {
        await Promise.all(
          runs.map(async ({ shape, mode, first }) => {
            const count = shape.reduce((product, size) => product * size, 1);
            const values = Array.from({ length: count }, (_, index) => (first + index) % 1024);
            const [double, square] = await session.run([fp32('x', shape, ...values)], { mode });
            expect(double).toMatchObject({ name: 'double', shape });
            expect(numbers(double)).toEqual(values.map((value) => value * 2));
            expect(numbers(square)).toEqual(values.map((value) => value * value));
          }),
        );
      }),
      { numRuns: 15 },
    );
  });

  it('may wait in their thousands', async () => {
    const session = await open(doubleAndSquareModel());
    const runs = Array.from({ length: 5000 }, (_, index) => session.run([fp32('x', [1], index)], { mode: 'async' }));
    const results = await Promise.all(runs);
    expect(results.map(([double]) => numbers(double)[0])).toEqual(runs.map((_, index) => index * 2));
  });
});

describe('deep graphs', () => {
  it('of 30 nested Ifs run, on this thread and on another', async () => {
    const session = await open(nestedIfModel(30));
    const x = fp32('x', [2], 1, 2);
    for (const mode of ['sync', 'async'] as const) {
      expect(numbers((await session.run([bool('c', [], true), x], { mode }))[0])).toEqual([1, 2]);
      expect(numbers((await session.run([bool('c', [], false), x], { mode }))[0])).toEqual([-1, -2]);
    }
  });

  it('of 200 functions that call each other load', async () => {
    const session = await open(nestedFunctionModel(200));
    expect(numbers((await session.run([fp32('x', [1], 3)]))[0])).toEqual([3]);
  });
});
