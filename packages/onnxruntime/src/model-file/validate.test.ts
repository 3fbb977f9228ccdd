import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectModelFile } from './inspect.js';
import { runtimeLimits } from './runtime-limits.js';
import { graph, type ModelFields, message, node, onnxFile, tensor } from './testing/onnx-file.js';
import { type ValidateOptions, validateModelFile } from './validate.js';

let root: string;
let path: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'jitney-validate-'));
  await mkdir(join(root, 'model', 'deep'), { recursive: true });
  path = join(root, 'model', 'model.onnx');
  await writeFile(join(root, 'model', 'weights.bin'), new Uint8Array(96));
  await writeFile(join(root, 'model', 'deep', 'weights.bin'), new Uint8Array(96));
  await writeFile(join(root, 'outside.bin'), new Uint8Array(96));
  await symlink(join(root, 'outside.bin'), join(root, 'model', 'link.bin'));
  await symlink(root, join(root, 'model', 'up'));
  await symlink('weights.bin', join(root, 'model', 'alias.bin'));
});
afterAll(() => rm(root, { recursive: true }));

async function validate(fields: ModelFields, options: Partial<ValidateOptions> = {}): Promise<void> {
  await writeFile(path, onnxFile(fields));
  await validateModelFile(await inspectModelFile(path), { path, root: join(root, 'model'), ...options });
}

describe('a model the runtime can load', () => {
  it('is accepted', async () => {
    await expect(validate({})).resolves.toBeUndefined();
    await expect(
      validate({
        opsets: [
          ['ai.onnx', 26],
          ['ai.onnx.ml', 5],
        ],
        irVersion: 13,
      }),
    ).resolves.toBeUndefined();
  });
});

describe('a model that is not for this runtime', () => {
  it.each<[string, ModelFields, RegExp]>([
    ['without a graph', { graph: null }, /it holds no graph\. Fix: export the model again/],
    ['without an IR version', { irVersion: null }, /it has no IR version/],
    ['without an operator set', { opsets: [] }, /it imports no operator set .*with an opset/],
    ['with a newer IR version', { irVersion: 99 }, /its IR version is 99, and ONNX Runtime 1\.30 reads up to 13/],
    [
      'with a newer opset',
      { opsets: [['', 99]] },
      /needs opset 99 of ai\.onnx, and ONNX Runtime 1\.30 supports up to 26/,
    ],
    [
      'with a newer ML opset',
      {
        opsets: [
          ['', 17],
          ['ai.onnx.ml', 6],
        ],
      },
      /needs opset 6 of ai\.onnx\.ml, .* up to 5/,
    ],
  ])('%s is refused by its number and the highest', async (_what, fields, problem) => {
    await expect(validate(fields)).rejects.toMatchObject({
      code: 'INVALID_MODEL',
      message: expect.stringMatching(problem),
    });
  });

  it('has no upper bounds where the version of the runtime is not known', async () => {
    const limits = runtimeLimits('1.99.0');
    await expect(validate({ irVersion: 99, opsets: [['', 99]] }, { limits })).resolves.toBeUndefined();
  });
});

describe('operators of unknown domains', () => {
  const far = graph({ nodes: [node({ type: 'FlyToTheMoon', domain: 'com.example' })] });

  it('are refused by operator and domain, with the library that is missing', async () => {
    await expect(
      validate({
        graph: far,
        opsets: [
          ['', 17],
          ['com.example', 1],
        ],
      }),
    ).rejects.toThrow(
      'stage validate: it uses the operator "FlyToTheMoon" of the domain "com.example", which ONNX Runtime 1.30 does not ' +
        'know. Fix: load the custom-op library that brings "com.example"',
    );
  });

  it('are left to a custom-op library that is loaded', async () => {
    await expect(validate({ graph: far }, { customOperators: true })).resolves.toBeUndefined();
  });

  it('are known when the file defines them', async () => {
    const functions = [
      message([
        [1, 'FlyToTheMoon'],
        [7, node({ type: 'Relu' })],
        [10, 'com.example'],
      ]),
    ];
    await expect(validate({ graph: far, functions })).resolves.toBeUndefined();
  });

  it('of onnxruntime-extensions are pointed to it', async () => {
    const tokenizer = graph({ nodes: [node({ type: 'BertTokenizer', domain: 'ai.onnx.contrib' })] });
    await expect(validate({ graph: tokenizer })).rejects.toThrow('onnxruntime-extensions');
  });
});

describe('weights', () => {
  it('that claim more than the file holds are refused by name', async () => {
    const initializers = [tensor({ name: 'w', dims: [3, 2 ** 40], raw: new Uint8Array(4) })];
    await expect(validate({ graph: graph({ initializers }) })).rejects.toThrow(
      'its weight "w" is damaged: its dimensions',
    );
  });
});

describe('weights in another file', () => {
  const external = (entries: Record<string, string>): ModelFields => ({
    graph: graph({ initializers: [tensor({ name: 'w', dims: [3, 4], external: entries })] }),
  });

  it.each([
    [{ location: 'weights.bin' }],
    [{ location: 'weights.bin', offset: '48', length: '48' }],
    [{ location: './deep/../weights.bin' }],
    [{ location: 'deep/weights.bin' }],
    [{ location: 'alias.bin' }],
  ])('inside the folder are accepted: %o', async (entries) => {
    await expect(validate(external(entries))).resolves.toBeUndefined();
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ location: '../outside.bin' }, /lies in "\.\.\/outside\.bin", outside the model's folder/],
    [{ location: 'deep/../../outside.bin' }, /outside the model's folder/],
    [{ location: '/etc/hostname' }, /lies in "\/etc\/hostname", an absolute path/],
    [{ location: 'C:\\weights.bin' }, /an absolute path/],
    [{ location: '\\\\server\\share\\weights.bin' }, /an absolute path/],
    [{ location: 'link.bin' }, /a link that leaves/],
    [{ location: 'up/outside.bin' }, /a link that leaves/],
    [{ location: '*/_ORT_MEM_ADDR_/*' }, /is no path/],
    [{ location: 'weights\0.bin' }, /is no path/],
    [{ location: '' }, /which is no name/],
    [{}, /which is no name/],
    [{ location: 'nowhere.bin' }, /nowhere\.bin is missing\. Fix: copy the file there/],
    [{ location: 'weights.bin/x' }, /is missing/],
    [{ location: 'deep' }, /not a regular file/],
    [{ location: 'weights.bin', offset: '90', length: '48' }, /ends at byte 138 of "weights\.bin", which has 96/],
    [{ location: 'weights.bin', offset: '90' }, /ends at byte 138/],
    [
      { location: 'weights.bin', length: `${2n ** 62n}` },
      /needs 48 bytes by its dimensions, .* claims 4611686018427388000/,
    ],
    [{ location: 'weights.bin', offset: '-8', length: '48' }, /offset -8 .*neither may be negative/],
    [{ location: 'weights.bin', length: '-1' }, /-1 bytes/],
  ])('%o are refused', async (entries, problem) => {
    await expect(validate(external(entries))).rejects.toMatchObject({
      code: 'INVALID_MODEL',
      message: expect.stringMatching(problem),
    });
  });

  it('are accepted by way of a root that is a link', async () => {
    await symlink(join(root, 'model'), join(root, 'alias'));
    await expect(
      validate(external({ location: 'weights.bin' }), { root: join(root, 'alias') }),
    ).resolves.toBeUndefined();
  });

  it('are refused where the root is gone', async () => {
    await expect(validate(external({ location: 'weights.bin' }), { root: join(root, 'gone') })).rejects.toMatchObject({
      code: 'INVALID_MODEL',
    });
  });

  it('above the model file, within a root further up, are accepted', async () => {
    await expect(validate(external({ location: '../outside.bin' }), { root })).resolves.toBeUndefined();
  });
});
