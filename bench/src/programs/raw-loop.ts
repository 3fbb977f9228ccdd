/*
 * The runtime alone: `raw-loop MODEL ROWS THREADS MS` runs the model again and again on the calling thread or off it, as
 * @jitney/onnxruntime chooses, with no server around it. Prints one RawLoopReport.
 */
import type { Tensor } from '@jitney/core';
import { createSession } from '@jitney/onnxruntime';
import type { RawLoopReport } from '../contenders/raw-loop.js';

const [model, rows, threads, ms] = process.argv.slice(2) as [string, string, string, string];

const session = await createSession(model, { intraOpThreads: Number(threads) });
const feeds = session.inputs.map((input): Tensor => {
  if (input.kind !== 'tensor' || input.dtype !== 'FP32' || input.shape === null)
    throw new Error(`the raw loop gives FP32 tensors alone; ${input.name} is none`);
  const shape = [Number(rows), ...input.shape.slice(1).map((dimension) => Number(dimension))];
  const data = new Float32Array(shape.reduce((count, dimension) => count * dimension, 1)).fill(0.5);
  return { name: input.name, dtype: 'FP32', shape, data };
});

/** The clock is read between short runs only now and then, since it takes longer than some of them. */
async function runFor(durationMs: number, runsBetween: number): Promise<RawLoopReport> {
  const cpu = process.cpuUsage();
  const startedAtMs = performance.now();
  let runs = 0;
  while (performance.now() - startedAtMs < durationMs) {
    for (let i = 0; i < runsBetween; i++) await session.run(feeds);
    runs += runsBetween;
  }
  const elapsedUs = (performance.now() - startedAtMs) * 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { runUs: elapsedUs / runs, cpuUs: (user + system) / runs };
}

const { runUs } = await runFor(Number(ms) / 4, 1);
process.stdout.write(`${JSON.stringify(await runFor(Number(ms), runUs < 1_000 ? 16 : 1))}\n`);
await session.dispose();
