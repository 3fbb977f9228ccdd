import { availableParallelism } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { heavyModel } from '../../packages/onnxruntime/src/testing/models.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';
import { echo } from './models.js';

let tree: ModelTree;
let jitney: RunningJitney;
afterEach(async () => {
  await jitney.stop();
  await tree.remove();
});

/** 6 MB of weights: enough to gain by threads. */
const HEAVY = heavyModel(512, 6);

async function serve(heavy: number, light: number): Promise<void> {
  tree = await plantTree({
    ...Object.fromEntries(Array.from({ length: heavy }, (_, n) => [`heavy-${n}/model.onnx`, HEAVY])),
    ...Object.assign({}, ...Array.from({ length: light }, (_, n) => echo(`light-${n}`))),
  });
  jitney = await startJitney([tree.root]);
}

/** Threads that a run of each model may use, and why, as the log tells it. */
function threads(): { readonly model: string; readonly count: number; readonly why: string }[] {
  return jitney
    .output()
    .split('\n')
    .flatMap((line) => {
      const { model, runtime } = line === '' ? {} : JSON.parse(line);
      const [, count, why] = /on CPU, (\d+) threads?, since (.*)/.exec(runtime ?? '') ?? [];
      return count === undefined ? [] : [{ model, count: Number(count), why: why as string }];
    });
}

/** As the control group of the tests may allow less than the machine has, no more is known than this. */
const CPUS = availableParallelism();

describe('the compute threads of a server', () => {
  it('are as many as CPUs for one large model, and the log says why', async () => {
    await serve(1, 0);
    const [only] = threads();
    expect(only?.count).toBeGreaterThanOrEqual(1);
    expect(only?.count).toBeLessThanOrEqual(CPUS);
    expect(only?.why).toMatch(/^(this process may use|the control group allows) .*CPU/);
  });

  it('are no more than CPUs for several models together, or one for each', async () => {
    await serve(2, 1);
    const all = threads();
    expect(all).toHaveLength(3);
    const sum = all.reduce((total, { count }) => total + count, 0);
    expect(sum).toBeLessThanOrEqual(Math.max(CPUS, all.length));
    expect(all.find(({ model }) => model === 'light-0')).toMatchObject({
      count: 1,
      why: expect.stringMatching(/small/),
    });
    for (const { model, why } of all) {
      if (model.startsWith('heavy')) expect(why).toMatch(/, for 2 large models and 1 host of small ones/);
    }
  });
});
