import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Survey } from './survey.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'jitney-survey-'));
});
afterEach(() => rm(root, { recursive: true }));

describe('a look at a folder', () => {
  it('gives what is in it by name, links as what they lead to, hidden things left out', async () => {
    await writeFile(join(root, 'b.onnx'), '');
    await writeFile(join(root, '.hidden'), '');
    await symlink(join(root, 'b.onnx'), join(root, 'a.onnx'));
    await symlink(join(root, 'gone'), join(root, 'c'));
    const { entries } = await new Survey().read(root);
    expect(entries.map(({ name, kind }) => [name, kind])).toEqual([
      ['a.onnx', 'file'],
      ['b.onnx', 'file'],
      ['c', 'broken'],
    ]);
  });

  it('ends at the bound of all looks together, and says so once', async () => {
    for (const name of ['a', 'b', 'c']) await writeFile(join(root, name), '');
    const survey = new Survey(undefined, 4);
    const counts = [await survey.read(root), await survey.read(root), await survey.read(root)].map(
      ({ entries }) => entries.length,
    );
    expect(counts).toEqual([3, 1, 0]);
    expect(survey.warnings).toEqual(['not all files were looked at, since there are more than 4; give narrower paths']);
  });
});
