import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model, Tensor } from '@jitney/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  FLOAT,
  graph,
  node,
  onnxFile,
  tensor,
  tensorType,
  value,
} from '../../../../../onnxruntime/src/model-file/testing/onnx-file.js';
import { addModel, identityModel, loopModel, zipMapModel } from '../../../../../onnxruntime/src/testing/models.js';
import { buildModel } from '../../../../../onnxruntime/src/testing/onnx-writer.js';
import { fp32, int64 } from '../../../../../onnxruntime/src/testing/tensors.js';
import { judgeBatching } from '../../self-check.js';
import { createOnnxBackend } from './index.js';

let root: string;
const loaded: Model[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'jitney-onnx-'));
});
afterEach(async () => {
  await Promise.all(loaded.splice(0).map((model) => model.close()));
});
afterAll(() => rm(root, { recursive: true }));

const signal = new AbortController().signal;

async function load(
  bytes: Uint8Array,
  options: Readonly<Record<string, unknown>> = {},
  aborted = signal,
): Promise<Model> {
  const path = join(root, 'model.onnx');
  await writeFile(path, bytes);
  const model = await createOnnxBackend().load({ model: 'fraud', version: '3', path, root }, options, aborted);
  loaded.push(model);
  return model;
}

const judge = (model: Model) => judgeBatching(model, { enabled: true, maxRows: 8 }, signal);
/** Labels of either kind as plain values. */
const labelsOf = ({ data }: Tensor) =>
  Array.from(data as ArrayLike<bigint | Uint8Array>, (label) =>
    typeof label === 'bigint' ? label : Buffer.from(label).toString(),
  );

describe('a model of tensors', () => {
  it('has the signature that its file declares', async () => {
    const { signature } = await load(addModel());
    const row = { dtype: 'FP32', shape: ['n', 2], optional: false };
    expect(signature).toEqual({
      inputs: [
        { name: 'a', ...row },
        { name: 'b', ...row },
      ],
      outputs: [{ name: 'sum', ...row }],
    });
  });

  it('answers all outputs, or those asked for in the order asked', async () => {
    const model = await load(
      buildModel({
        inputs: [{ name: 'x', dtype: 'FP32', shape: ['n'] }],
        outputs: ['minus', 'same'].map((name) => ({ name, dtype: 'FP32', shape: ['n'] })),
        nodes: [
          { op: 'Neg', inputs: ['x'], outputs: ['minus'] },
          { op: 'Identity', inputs: ['x'], outputs: ['same'] },
        ],
      }),
    );
    const run = async (outputs: readonly string[] | null) =>
      model.run({ tensors: [fp32('x', [2], 1, 2)], outputs }, signal);
    expect(await run(null)).toEqual([fp32('minus', [2], -1, -2), fp32('same', [2], 1, 2)]);
    expect(await run(['same', 'minus'])).toEqual([fp32('same', [2], 1, 2), fp32('minus', [2], -1, -2)]);
    expect(await run(['minus'])).toEqual([fp32('minus', [2], -1, -2)]);
  });

  it('says what the file says of itself', async () => {
    const { facts } = await load(
      buildModel({
        producer: 'trainer',
        modelDescription: 'Adds nothing.',
        properties: [
          ['labels', '["a"]'],
          ['__proto__', 'safe'],
          ['long', 'x'.repeat(100_000)],
        ],
        inputs: [{ name: 'x', dtype: 'FP32', shape: ['n'] }],
        outputs: [{ name: 'y', dtype: 'FP32', shape: ['n'] }],
        nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
      }),
    );
    expect(facts).toMatchObject({ platform: 'onnxruntime_onnx', producer: 'trainer', description: 'Adds nothing.' });
    expect(new Set(Object.keys(facts.properties ?? {}))).toEqual(new Set(['labels', '__proto__', 'long']));
    expect(facts.properties?.long).toHaveLength(64 * 1024);
    expect(facts.warnings).toEqual([]);
  });

  it('refuses wrong tensors by name, before the run', async () => {
    const model = await load(addModel());
    const missing = async () => model.run({ tensors: [fp32('a', [1, 2], 1, 2)], outputs: null });
    await expect(missing()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('"b"'),
    });
  });

  it('ends a run that is aborted, and closes in mid-run', async () => {
    const model = await load(loopModel());
    const abort = new AbortController();
    const endless = { tensors: [int64('k', [], 10n ** 12n), fp32('x', [2], 0, 0)], outputs: null };
    const running = model.run(endless, abort.signal);
    const closing = model.close();
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(closing).resolves.toBeUndefined();
    await expect(model.close()).resolves.toBeUndefined();
  });

  it('is measured at no less than its file', async () => {
    const bytes = identityModel('FP32');
    const memory = (await load(bytes)).memory();
    expect(memory.hostBytes).toBeGreaterThanOrEqual(bytes.length);
    expect(memory.deviceBytes).toBe(0);
  });
});

describe('two models with weights of the same name beside them', () => {
  it('each use their own, from wherever the server was started', async () => {
    const sums = await Promise.all([1, 10].map((step) => loadWithExternalBias(`plus-${step}`, step)));
    const answers = await Promise.all(
      sums.map((model) => model.run({ tensors: [fp32('x', [1, 2], 0, 0)], outputs: null })),
    );
    expect(answers).toEqual([[fp32('y', [1, 2], 1, 2)], [fp32('y', [1, 2], 10, 20)]]);
  });

  async function loadWithExternalBias(folder: string, step: number): Promise<Model> {
    const path = join(root, folder, 'model.onnx');
    await mkdir(join(root, folder));
    await writeFile(join(root, folder, 'weights.bin'), new Uint8Array(Float32Array.of(step, 2 * step).buffer));
    const row = tensorType(FLOAT, ['n', 2]);
    const bias = tensor({ name: 'bias', dims: [2], external: { location: 'weights.bin', offset: '0', length: '8' } });
    await writeFile(
      path,
      onnxFile({
        graph: graph({
          nodes: [node({ type: 'Add', inputs: ['x', 'bias'] })],
          initializers: [bias],
          inputs: [value('x', row)],
          outputs: [value('y', row)],
        }),
      }),
    );
    const model = await createOnnxBackend().load(
      { model: folder, version: '1', path, root: join(root, folder) },
      {},
      signal,
    );
    loaded.push(model);
    return model;
  }
});

describe('a classifier that ends in maps', () => {
  const x = fp32('x', [2, 3], 0.1, 0.2, 0.7, 0.5, 0.25, 0.25);

  it.each([
    ['texts', ['cat', 'dog', 'bus'], 'BYTES', ['bus', 'cat', 'dog'], [0.7, 0.1, 0.2, 0.25, 0.5, 0.25]],
    ['numbers', [7n, -1n, 3n], 'INT64', [-1n, 3n, 7n], [0.2, 0.7, 0.1, 0.25, 0.25, 0.5]],
  ] as const)(
    'from %s gives values and labels as two tensors of one row a row',
    async (_what, classes, dtype, labels, values) => {
      const model = await load(zipMapModel(classes as readonly string[]));
      expect(model.signature.outputs).toEqual([
        { name: 'probabilities', dtype: 'FP32', shape: [null, null], optional: false },
        { name: 'probabilities.labels', dtype, shape: [null, null], optional: false },
      ]);
      const [probabilities, names] = await model.run({ tensors: [x], outputs: null }, signal);
      expect(probabilities).toEqual(fp32('probabilities', [2, 3], ...values));
      expect(names).toMatchObject({ name: 'probabilities.labels', dtype, shape: [2, 3] });
      expect(labelsOf(names as Tensor)).toEqual([...labels, ...labels]);
    },
  );

  it('gives either of the two when it alone is asked for', async () => {
    const model = await load(zipMapModel(['a', 'b', 'c']));
    const run = async (...outputs: string[]) =>
      (await model.run({ tensors: [x], outputs }, signal)).map(({ name }) => name);
    expect(await run('probabilities.labels')).toEqual(['probabilities.labels']);
    expect(await run('probabilities')).toEqual(['probabilities']);
    expect(await run('probabilities.labels', 'probabilities')).toEqual(['probabilities.labels', 'probabilities']);
  });

  it('gives no rows for none', async () => {
    const model = await load(zipMapModel(['a', 'b', 'c']));
    const outputs = await model.run({ tensors: [fp32('x', [0, 3])], outputs: null }, signal);
    expect(outputs.map(({ shape, data }) => [shape, data.length])).toEqual([
      [[0, 0], 0],
      [[0, 0], 0],
    ]);
  });

  it('still has rows that ride together', async () => {
    expect(await judge(await load(zipMapModel(['a', 'b', 'c'])))).toMatchObject({ mode: 'rows' });
  });
});

describe('a model that cannot be served', () => {
  const sequence = { kind: 'sequence', element: { kind: 'tensor', elementType: 1, shape: ['n'] } } as const;

  it('is refused with model, file, stage, cause and fix', async () => {
    const bytes = buildModel({
      inputs: [{ name: 'x', type: { kind: 'tensor', elementType: 22, shape: ['n'] } }],
      outputs: [{ name: 'y', type: { kind: 'tensor', elementType: 22, shape: ['n'] } }],
      opsets: { '': 21 },
      irVersion: 10,
      nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
    });
    await expect(load(bytes)).rejects.toMatchObject({
      code: 'INVALID_MODEL',
      message:
        `Model fraud@3: file ${join(root, 'model.onnx')}, stage signature: its input "x" is of type tensor(int4), which the ` +
        'Open Inference Protocol has no name for. Fix: export the model with a Cast to a type that is served (float, ' +
        'float16, int8 …) there.',
    });
  });

  it('since an output is a sequence of tensors is refused by name and type', async () => {
    const bytes = buildModel({
      inputs: [{ name: 'x', dtype: 'FP32', shape: ['n'] }],
      outputs: [{ name: 'parts', type: sequence }],
      nodes: [{ op: 'SequenceConstruct', inputs: ['x'], outputs: ['parts'] }],
    });
    await expect(load(bytes)).rejects.toThrow(
      'its output "parts" is of type seq(tensor(float)), and only tensors are served',
    );
  });

  it('since an output is named like the labels of another is refused', async () => {
    const bytes = buildModel({
      opsets: { 'ai.onnx.ml': 3 },
      inputs: [{ name: 'x', dtype: 'FP32', shape: ['n', 1] }],
      outputs: [
        {
          name: 'p',
          type: {
            kind: 'sequence',
            element: { kind: 'map', keyType: 7, value: { kind: 'tensor', elementType: 1, shape: [] } },
          },
        },
        { name: 'p.labels', dtype: 'FP32', shape: ['n', 1] },
      ],
      nodes: [
        {
          op: 'ZipMap',
          domain: 'ai.onnx.ml',
          inputs: ['x'],
          outputs: ['p'],
          attributes: { classlabels_int64s: { ints: [1] } },
        },
        { op: 'Identity', inputs: ['x'], outputs: ['p.labels'] },
      ],
    });
    await expect(load(bytes)).rejects.toThrow('an output named like the labels of a map output ("p.labels")');
  });

  it('since the runtime refuses it is refused with what the runtime said', async () => {
    const bytes = buildModel({
      inputs: [{ name: 'x', dtype: 'FP32', shape: ['n'] }],
      outputs: [{ name: 'y', dtype: 'FP32', shape: ['n'] }],
      nodes: [{ op: 'Add', inputs: ['x', 'nobody'], outputs: ['y'] }],
    });
    await expect(load(bytes)).rejects.toMatchObject({
      code: 'INVALID_MODEL',
      message: expect.stringMatching(/^Model fraud@3: file .*, stage session: .*'nobody'.* Fix: run onnx\.checker/),
    });
  });

  it('since the load was aborted ends with CANCELLED', async () => {
    await expect(load(addModel(), {}, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('options of the manifest', () => {
  it('reach the session, and the runtime says what was chosen and why', async () => {
    expect((await load(addModel())).facts.runtime).toMatch(
      /^ONNX Runtime \d+\.\d+\.\d+ on CPU, 1 thread, since the model is small \(1 KiB\)$/,
    );
    expect((await load(addModel(), { intraOpThreads: 2, providers: ['cpu'] })).facts.runtime).toMatch(
      /on CPU, 2 threads, as intraOpThreads says; they wait 10 µs for the next operator, then sleep$/,
    );
    const spinning = { intraOpThreads: 2, configEntries: { 'session.intra_op.allow_spinning': '1' } };
    expect((await load(addModel(), spinning)).facts.runtime).toMatch(
      /they spin between operators, as configEntries say$/,
    );
  });

  it.each<[Readonly<Record<string, unknown>>, RegExp]>([
    [{ threads: 2 }, /Unknown session option "threads"/],
    [{ intraOpThreads: 'many' }, /intraOpThreads must be a whole number/],
    [{ customOpLibraries: 'lib.so' }, /customOpLibraries must be a list of paths/],
    [{ providers: ['tpu'] }, /no execution provider "tpu"/],
  ])('such as %o are refused with the model', async (options, message) => {
    await expect(load(addModel(), options)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringMatching(new RegExp(`^Model fraud@3: .*${message.source}`)),
    });
  });

  it('name custom-op libraries that lie in the folder of the model, links followed', async () => {
    const refused = (customOpLibraries: readonly string[]) =>
      expect(load(addModel(), { customOpLibraries })).rejects.toMatchObject({
        code: 'INVALID_CONFIG',
        message: expect.stringMatching(/^Model fraud@3: backend\.options\.customOpLibraries: /),
      });
    await refused(['./absent.so']);
    await refused(['../outside.so']);
    await refused([process.execPath]);
    await symlink(process.execPath, join(root, 'ops.so'));
    await refused(['ops.so']);
  });

  it.each(['optimizedModelPath', 'profiling'])('may not write a file: %s', async (option) => {
    await expect(load(addModel(), { [option]: join(root, 'out') })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining(option),
    });
  });
});

describe('a graph that quantises over its batch', () => {
  it('is marked as sensitive, with a warning', async () => {
    const model = await load(
      buildModel({
        inputs: [{ name: 'x', dtype: 'FP32', shape: ['n', 3] }],
        outputs: [{ name: 'y', dtype: 'FP32', shape: ['n', 3] }],
        nodes: [
          { op: 'DynamicQuantizeLinear', inputs: ['x'], outputs: ['q', 'scale', 'zero'] },
          { op: 'DequantizeLinear', inputs: ['q', 'scale', 'zero'], outputs: ['y'] },
        ],
      }),
    );
    expect(model.facts.batchSensitive).toBe(true);
    expect(model.facts.warnings).toEqual([expect.stringContaining('quantises over the whole batch')]);
    expect(await judge(model)).toMatchObject({ mode: 'rows', sensitive: true });
  });
});
