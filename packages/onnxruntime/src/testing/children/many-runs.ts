import { createSession, type Session, type Value } from '../../index.js';
import { addModel, doubleAndSquareModel, identityModel, loopModel, zipMapModel } from '../models.js';
import { bytes, fp32, int64 } from '../tensors.js';

/**
 * Makes 200 000 runs of every kind and sessions between them, and prints the resident memory (in bytes) after each
 * tenth, as JSON. Needs --expose-gc.
 */

const TENTHS = 10;
const RUNS_A_TENTH = 20_000;

const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error('needs --expose-gc');

const options = { intraOpThreads: 1 };
const add = await createSession(addModel(), options);
const pair = await createSession(doubleAndSquareModel(), options);
const strings = await createSession(identityModel('BYTES', ['n']), options);
const zip = await createSession(zipMapModel(['cat', 'dog']), options);
const loop = await createSession(loopModel(), options);

/** Runs that fail, or are refused, are part of the mix. */
async function attempt(session: Session, feeds: Value[], more: Parameters<Session['run']>[1]): Promise<void> {
  try {
    await session.run(feeds, more);
  } catch {
    // Expected: what counts is that it frees what it took.
  }
}

async function runTenth(): Promise<void> {
  const sum = [fp32('a', [1, 2], 1, 2), fp32('b', [1, 2], 3, 4)];
  const misfit = [fp32('a', [2, 2], 1, 2, 3, 4), fp32('b', [3, 2], 1, 2, 3, 4, 5, 6)];
  const words = [bytes('x', [3], 'some words', '', 'that are longer than a short string may be')];
  const scores = [fp32('x', [2, 2], 1, 2, 3, 4)];
  const into = { mode: 'sync', into: [fp32('sum', [1, 2], 0, 0)] } as const;
  const sync = { mode: 'sync' } as const;
  const endless = [int64('k', [], 10 ** 12), fp32('x', [2], 1, 2)];
  for (let run = 0; run < RUNS_A_TENTH; run += 8) {
    add.run(sum, sync);
    add.run(sum, into);
    strings.run(words, sync);
    zip.run(scores, sync);
    pair.run([fp32('x', [run % 7, 3], ...new Array((run % 7) * 3).fill(run))], sync);
    await attempt(add, misfit, sync);
    await attempt(add, sum, { mode: 'async', tag: 'tagged' });
    const abort = new AbortController();
    const cancelled = attempt(loop, endless, { signal: abort.signal });
    abort.abort();
    await cancelled;
  }
  for (let round = 0; round < 20; round++) await (await createSession(addModel(), options)).dispose();
}

const resident: number[] = [];
for (let tenth = 0; tenth < TENTHS; tenth++) {
  await runTenth();
  collect();
  resident.push(process.memoryUsage.rss());
}
process.stdout.write(JSON.stringify(resident));
