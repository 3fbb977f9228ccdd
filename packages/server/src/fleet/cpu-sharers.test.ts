import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIGHT_MODEL_BYTES } from '../wire/cpu-sharers.js';
import type { HostModel } from '../wire/messages.js';
import { countSharers } from './cpu-sharers.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'jitney-sharers-'));
});
afterEach(() => rm(root, { recursive: true }));

/** A model of so many bytes in a folder of its own, with a `model.ts` around it. */
async function model(name: string, bytes: number): Promise<HostModel> {
  const folder = join(root, name);
  await mkdir(folder);
  await writeFile(join(folder, 'model.onnx'), new Uint8Array(bytes));
  await writeFile(join(folder, 'model.ts'), '');
  return { name, path: join(folder, 'model.ts') } as HostModel;
}

describe('what shares the CPUs', () => {
  it('is each large model, and each host that has none', async () => {
    const [small, another, large, huge] = await Promise.all([
      model('small', 10),
      model('another', LIGHT_MODEL_BYTES - 1),
      model('large', LIGHT_MODEL_BYTES),
      model('huge', 2 * LIGHT_MODEL_BYTES),
    ]);
    expect(countSharers([[small], [another]])).toEqual({ heavy: 0, light: 2 });
    expect(countSharers([[small, another], [large]])).toEqual({ heavy: 1, light: 1 });
    expect(countSharers([[small, large, huge]])).toEqual({ heavy: 2, light: 0 });
  });
  it('takes a model that is gone for a small one: its load will say so', () => {
    expect(countSharers([[{ name: 'gone', path: join(root, 'nowhere', 'model.onnx') } as HostModel]])).toEqual({
      heavy: 0,
      light: 1,
    });
  });
});
