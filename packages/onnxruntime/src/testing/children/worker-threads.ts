import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { createSession } from '../../index.js';
import { addModel, loopModel } from '../models.js';
import { fp32, int64, numbers } from '../tensors.js';

/**
 * Uses the package in worker threads alone: two that end by themselves, one that is terminated in the middle of a run.
 * Prints how many answers it got.
 */

async function work(): Promise<void> {
  const session = await createSession(addModel(), { intraOpThreads: 1 });
  for (const mode of ['sync', 'async'] as const) {
    const [sum] = await session.run([fp32('a', [1, 2], 1, 2), fp32('b', [1, 2], 3, 4)], { mode });
    parentPort?.postMessage(numbers(sum));
  }
  await session.dispose();
}

async function workLong(): Promise<void> {
  const session = await createSession(loopModel(), { intraOpThreads: 1 });
  const run = session.run([int64('k', [], 200_000), fp32('x', [2], 1, 2)]);
  parentPort?.postMessage('running');
  await run;
}

async function main(): Promise<void> {
  let answers = 0;
  const start = (name: string) => new Worker(fileURLToPath(import.meta.url), { argv: [name] });
  const workers = [start('work'), start('work')];
  for (const worker of workers) worker.on('message', () => answers++);
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  const long = start('long');
  await once(long, 'message');
  await long.terminate();
  process.stdout.write(`${answers}\n`);
}

if (isMainThread) await main();
else await (process.argv[2] === 'long' ? workLong() : work());
