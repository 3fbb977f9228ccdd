import { appendFile, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isSettled } from './settled.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'jitney-settled-'));
  await mkdir(join(root, '2'));
  await writeFile(join(root, '2/model.onnx'), 'half');
});
afterEach(() => rm(root, { recursive: true }));

const whileWaiting = (act: () => Promise<unknown>) => ({ wait: act });

describe('a model on its way to the disk', () => {
  it('is settled once nothing changes between two looks', async () => {
    expect(await isSettled(join(root, '2'), { settleMs: 1 })).toBe(true);
    expect(await isSettled(join(root, '2/model.onnx'), { settleMs: 1 })).toBe(true);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a file grows', () => appendFile(join(root, '2/model.onnx'), 'rest')],
    ['a file comes', () => writeFile(join(root, '2/weights.bin'), 'weights')],
    ['a file goes', () => rm(join(root, '2/model.onnx'))],
    ['a file is written anew with the same size', () => utimes(join(root, '2/model.onnx'), 1, 1)],
    ['the folder goes', () => rm(join(root, '2'), { recursive: true })],
  ])('is not settled while %s', async (_, act) => {
    expect(await isSettled(join(root, '2'), whileWaiting(act))).toBe(false);
  });

  it('is not settled where there is nothing', async () => {
    expect(
      await isSettled(
        join(root, '3'),
        whileWaiting(async () => {}),
      ),
    ).toBe(false);
  });
});
