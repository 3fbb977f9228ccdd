import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createSession } from './index.js';
import { addModel, heavyModel, identityModel, loopModel } from './testing/models.js';
import { bytes, fp32, int64, numbers } from './testing/tensors.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const feeds = (rounds: number) => [int64('k', [], rounds), fp32('x', [2], 1, 2)];
const turn = () => new Promise(setImmediate);
const load = () => createSession(loopModel(), { intraOpThreads: 1 });

describe('a session disposed while runs are in flight', () => {
  it('lets all of them end, those that wait too, and is then disposed', async () => {
    const session = await load();
    const runs = Array.from({ length: 20 }, (_, index) => session.run(feeds(2000 + index)));
    await turn();
    const disposal = session.dispose();
    expect(session.state).toBe('draining');
    const results = await Promise.all(runs);
    expect(results.map(([y]) => numbers(y)[0])).toEqual(runs.map((_, index) => 2001 + index));
    await disposal;
    expect(session.state).toBe('disposed');
  });

  it('refuses new runs from then on', async () => {
    const session = await load();
    const run = session.run(feeds(2000));
    const disposal = session.dispose();
    const refused = expect.objectContaining({ code: 'MODEL_NOT_READY' });
    expect(() => session.run(feeds(1))).toThrow(refused);
    await Promise.all([run, disposal]);
    expect(() => session.run(feeds(1))).toThrow(refused);
    expect(session.inputs.map(({ name }) => name)).toEqual(['k', 'x']);
  });

  it('is disposed after runs that were cancelled, whatever the order', async () => {
    const session = await load();
    const abort = new AbortController();
    const runs = Array.from({ length: 10 }, () => session.run(feeds(10 ** 12), { signal: abort.signal }));
    await turn();
    const disposal = session.dispose();
    abort.abort();
    const ends = await Promise.allSettled(runs);
    expect(ends.every(({ status }) => status === 'rejected')).toBe(true);
    await disposal;
  });

  it('is disposed once, however often that is asked for', async () => {
    const session = await load();
    await Promise.all([session.dispose(), session.dispose()]);
    await session.dispose();
  });

  it('again and again leaves no session unusable', async () => {
    const model = addModel();
    for (let round = 0; round < 100; round++) {
      const session = await createSession(model, { intraOpThreads: 1 });
      const run = session.run([fp32('a', [1, 2], round, 1), fp32('b', [1, 2], 1, 1)], { mode: 'async' });
      const disposal = session.dispose();
      expect(numbers((await run)[0])).toEqual([round + 1, 2]);
      await disposal;
    }
  });
});

describe('garbage collected while runs are in flight', () => {
  it('the library stays loaded', async () => {
    const session = await load();
    for (let round = 0; round < 5; round++) {
      collect();
      await turn();
    }
    expect(numbers((await session.run(feeds(1)))[0])).toEqual([2, 3]);
    await session.dispose();
  });

  it('tensors that nobody else holds stay where they are', async () => {
    const session = await load();
    const runs = Array.from({ length: 40 }, (_, index) => session.run(feeds(3000 + index)));
    for (let round = 0; round < 20; round++) {
      // What is freed is written over: a buffer that went with it would show.
      Array.from({ length: 200 }, () => new Float32Array(64).fill(-1));
      collect();
      await turn();
    }
    const results = await Promise.all(runs);
    expect(results.map(([y]) => numbers(y)[0])).toEqual(runs.map((_, index) => 3001 + index));
    await session.dispose();
  });

  it('strings and given outputs stay where they are', async () => {
    const strings = await createSession(identityModel('BYTES', ['n']), { intraOpThreads: 1 });
    const loop = await load();
    const runs = Array.from({ length: 40 }, async (_, index) => {
      const into = fp32('y', [2], 0, 0);
      const [words] = await strings.run([bytes('x', [2], `word ${index}`, '')], { mode: 'async' });
      const [y] = await loop.run(feeds(500 + index), { into: [into] });
      return { words, same: y === into, y: numbers(y)[0] };
    });
    for (let round = 0; round < 20; round++) {
      Array.from({ length: 200 }, () => new Float32Array(64).fill(-1));
      collect();
      await turn();
    }
    const expected = runs.map((_, index) => ({
      words: bytes('y', [2], `word ${index}`, ''),
      same: true,
      y: 501 + index,
    }));
    expect(await Promise.all(runs)).toEqual(expected);
    await Promise.all([strings.dispose(), loop.dispose()]);
  });

  it('the bytes of a model stay as long as the runtime reads them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jitney-ort-format-'));
    const optimizedModelPath = join(folder, 'model.ort');
    const format = { 'session.save_model_format': 'ORT' };
    const maker = await createSession(heavyModel(64, 2), {
      optimizedModelPath,
      graphOptimization: 'extended',
      configEntries: format,
    });
    await maker.dispose();
    const session = await createSession(new Uint8Array(readFileSync(optimizedModelPath)), {
      configEntries: {
        'session.load_model_format': 'ORT',
        'session.use_ort_model_bytes_directly': '1',
        'session.use_ort_model_bytes_for_initializers': '1',
        'session.disable_prepacking': '1',
      },
    });
    rmSync(folder, { recursive: true });
    for (let round = 0; round < 10; round++) {
      collect();
      Array.from({ length: 50 }, () => new Uint8Array(40_000).fill(255));
      await turn();
    }
    const x = fp32('x', [1, 64], ...new Array(64).fill(1));
    const y = numbers((await session.run([x]))[0]);
    expect(y.every((value) => Math.abs(value - 65) < 0.01)).toBe(true);
    await session.dispose();
  });

  it('the bytes of a model stay until it is loaded', async () => {
    const loads = Array.from({ length: 6 }, (_, index) =>
      createSession(heavyModel(64, index + 1), { intraOpThreads: 1 }),
    );
    for (let round = 0; round < 20; round++) {
      Array.from({ length: 50 }, () => new Uint8Array(20_000).fill(255));
      collect();
      await turn();
    }
    for (const session of await Promise.all(loads)) {
      expect(session.inputs.map(({ name }) => name)).toEqual(['x']);
      await session.dispose();
    }
  });
});
