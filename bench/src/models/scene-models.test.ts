import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@jitney/core';
import { createSession } from '@jitney/onnxruntime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plantEncoder } from './encoder.js';
import { plantIdentity } from './identity.js';
import { plantMlp } from './mlp.js';
import { plantResnet18 } from './resnet18.js';
import type { SceneModel } from './scene-model.js';
import { checkAnswer, trueAnswers } from './true-answers.js';

let folder: string;
let [mlp, identity, resnet18, encoder]: readonly SceneModel[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jitney-models-'));
  const planted = [plantMlp, plantIdentity, plantResnet18, plantEncoder].map((plant) => plant(folder));
  [mlp, identity, resnet18, encoder] = await Promise.all(planted);
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

/** Numbers in the file of weights. */
const parameters = async ({ weights }: { readonly weights: string }) => (await stat(weights)).size / 4;

describe('the models of scenes', () => {
  it('have the sizes of what they stand for', async () => {
    expect(await parameters(mlp!)).toBe(30 * 64 + 64 + 64 * 64 + 64 + 64 * 2 + 2);
    expect(await parameters(identity!)).toBe(0);
    // Parameters of torchvision's resnet18, and two running statistics a channel.
    expect(await parameters(resnet18!)).toBe(11_689_512 + 2 * 4_800);
    // MiniLM-L6's, less its table of two segments.
    expect((await parameters(encoder!)) / 1e6).toBeCloseTo(22.6, 0);
  });

  it('are the same each time', async () => {
    const again = await plantMlp(join(folder, 'again'));
    expect(await readFile(again.file)).toEqual(await readFile(mlp!.file));
    expect(again.request).toEqual(mlp!.request);
  });

  it('answer numbers that depend on what they are asked', async () => {
    const [x] = resnet18!.questions[0]!;
    const zero: Tensor = { ...x!, data: new Float32Array(3 * 224 * 224) };
    const [answer, other] = await trueAnswers({ ...resnet18!, questions: [[x!], [zero]] });
    expect(answer).toHaveLength(1_000);
    expect(answer!.every((value) => Math.abs(value) < 1e4)).toBe(true);
    expect(() => checkAnswer(other!, answer!)).toThrow(/^value \d+ of its answer is/);
  });

  it('embed a sentence alone as they do padded', async () => {
    const tokens = (length: number): readonly Tensor[] => {
      const fill = (value: (at: number) => number) => BigInt64Array.from({ length }, (_, at) => BigInt(value(at)));
      const shape = [1, length];
      return [
        { name: 'input_ids', dtype: 'INT64', shape, data: fill((at) => (at < 9 ? 1_000 + at : 0)) },
        { name: 'attention_mask', dtype: 'INT64', shape, data: fill((at) => (at < 9 ? 1 : 0)) },
      ];
    };
    const [alone, padded] = await trueAnswers({ ...encoder!, questions: [tokens(9), tokens(20)] });
    expect(() => checkAnswer(padded!, alone!)).not.toThrow();
  });

  it('are asked for sentences that differ in length, as written ones do', () => {
    const lengths = encoder!.questions.map(([ids]) => ids!.shape[1]!).sort((a, b) => a - b);
    expect(lengths[0]).toBeGreaterThanOrEqual(6);
    expect(lengths.at(-1)).toBeLessThanOrEqual(128);
    expect(lengths.at(-1)! / lengths[0]!).toBeGreaterThan(4);
    expect(Math.abs(lengths[32]! - 24)).toBeLessThan(8);
  });

  it('say to all runtimes what their session says', async () => {
    const { file, questions, output } = identity!;
    const session = await createSession(file, { intraOpThreads: 1 });
    const [y] = (await session.run([...questions[0]!])) as Tensor[];
    await session.dispose();
    expect([y!.name, y!.shape.slice(1)]).toEqual([output.name, [...output.shape]]);
    expect(y!.data).toEqual(questions[0]![0]!.data);
  });
});

describe('an answer', () => {
  const truth = Float32Array.of(1, 1_000);

  it('may be rounded', () => {
    expect(() => checkAnswer([1.0005, 1_000.5], truth)).not.toThrow();
  });

  it.each([
    ['of another length', [1], 'it answered 1 values, not 2'],
    ['that is none', [Number.NaN, 1_000], 'value 0 of its answer is NaN, not 1'],
    ['that is another', [1, 1_002], 'value 1 of its answer is 1002, not 1000'],
  ])('%s is refused', (_what, found, message) => {
    expect(() => checkAnswer(found, truth)).toThrow(message);
  });
});
