import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, infer, inferBinary, post, splitBinary } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { type Files, type ModelTree, plantTree } from '../support/model-tree.js';
import { sharedFolder } from '../support/shared.js';

/*
 * Odd and hostile model files, all in one server: each gets what the README beside them asks, and none harms another.
 * Files that may take their process with them have a host of their own; the others share one, good and bad together.
 */

const ODD = sharedFolder('models', 'odd');

/**
 * Settings of those whose runs may end or hold up their process. Division is not batched, since from four elements on
 * ONNX Runtime takes another instruction, which does not fault.
 */
const DANGEROUS: Readonly<Record<string, object>> = {
  divide: { batching: { enabled: false } },
  slow: {},
  'huge-output': {},
  'huge-middle': {},
};

/** Refused at load: what the one reason must say. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  'bad-empty.onnx': /empty \(0 bytes\)/,
  'bad-truncated.onnx': /cut short or damaged/,
  'bad-text.onnx': /plain text/,
  'bad-lies.onnx': /claims 4294967295 bytes/,
  'bad-noise.onnx': /no format that is known/,
  'bad-html.onnx': /HTML page/,
  'bad-pickle.onnx': /Python pickle.*torch\.onnx\.export/,
  'bad-zip.onnx': /PyTorch archive.*torch\.onnx\.export/,
  'bad-tflite.onnx': /TensorFlow Lite/,
  'bad-safetensors.onnx': /safetensors.*without a graph/,
  'bad-gguf.onnx': /GGUF/,
  'bad-lfs-pointer.onnx': /Git LFS pointer.*git lfs pull/,
  'bad-deep.onnx': /100 levels/,
  'bad-weight-huge.onnx': /weight "w"/,
  'bad-weight-short.onnx': /weight "w"/,
  'bad-weight-negative.onnx': /weight "w".*negative/,
  'external-missing.onnx': /nowhere\.bin/,
  'external-outside.onnx': /outside the model's folder/,
  'external-absolute.onnx': /absolute path/,
  'external/short.onnx': /weights\.bin.*96/,
  'external/huge.onnx': /claims 4611686018427388000/,
  'external/negative.onnx': /offset -8/,
  'unknown-op.onnx': /"FlyToTheMoon" of the domain "com\.example".*custom-op library/,
  'opset-too-new.onnx': /opset 99.*up to \d+/,
  'ir-too-new.onnx': /IR version is 99/,
  'no-graph.onnx': /no graph/,
  'no-opset.onnx': /no operator set/,
  'sequence-output.onnx': /output "y".*seq/,
  'sequence-input.onnx': /input "x".*seq/,
  'optional-type.onnx': /input "x".*optional/,
  'map-input.onnx': /input "x".*map/,
  'identity-fp8e4m3fn.onnx': /input "x".*float8e4m3fn/,
  'identity-int4.onnx': /input "x".*int4/,
  'identity-complex64.onnx': /input "x".*complex64/,
  'wrong-types.onnx': /Add/,
  'cycle.onnx': /acyclic/,
  'missing-tensor.onnx': /nobody/,
  'named-twice.onnx': /\(y\)/,
  'bad-header.gguf': /GGUF/,
  'bad-version.gguf': /GGUF/,
  'bad-endian.gguf': /GGUF/,
  'bad-truncated.gguf': /GGUF/,
  'bad-string.gguf': /GGUF/,
  'bad-array.gguf': /GGUF/,
  'bad-nesting.gguf': /GGUF/,
  'bad-architecture.gguf': /GGUF/,
  'bad-offset.gguf': /GGUF/,
  'bad-onnx.gguf': /GGUF/,
};

/** `external/short.onnx` → `external-short`; GGUF files keep that in their name. */
const nameOf = (file: string) =>
  file
    .replace('/', '-')
    .replace(/\.onnx$/, '')
    .replace('.', '-');

function modelFiles(): string[] {
  const all = readdirSync(ODD.path, { recursive: true, encoding: 'utf8' });
  return all.filter((file) => /\.(onnx|gguf)$/.test(file)).sort();
}

/** Each file in a folder of its own, with what lies beside it where it needs that. */
function plantOdd(): Files {
  const weights = readFileSync(join(ODD.path, 'external', 'weights.bin'));
  return Object.fromEntries(
    modelFiles().flatMap((file) => {
      const name = nameOf(file);
      const settings = DANGEROUS[name] ?? { host: 'together' };
      return [
        [`${name}/model${file.slice(file.lastIndexOf('.'))}`, readFileSync(join(ODD.path, file))],
        [`${name}/model.json`, JSON.stringify(settings)],
        ...(dirname(file) === 'external' ? [[`${name}/weights.bin`, weights] as const] : []),
      ] as const;
    }),
  );
}

let tree: ModelTree;
let jitney: RunningJitney;

describe.skipIf(!ODD.isThere)(`odd and hostile models ${ODD.where}`, () => {
  beforeAll(async () => {
    tree = await plantTree(plantOdd());
    const settings = ['supervision.heartbeatIntervalMs=50'];
    jitney = await startJitney([tree.root], {
      args: ['--log-level', 'silent', ...settings.flatMap((setting) => ['--set', setting])],
    });
  }, 120_000);
  afterAll(async () => {
    await jitney.stop();
    await tree.remove();
  });

  /** JSON inputs by name: `[shape, data]`, FP32 unless the data or `datatype` says otherwise. */
  type Input = readonly [shape: readonly number[], data: readonly unknown[], datatype?: string];
  const ask = async (model: string, inputs: Readonly<Record<string, Input>>, outputs?: readonly string[]) => {
    const { status, text } = await infer(jitney.port, model, {
      inputs: Object.entries(inputs).map(([name, [shape, data, datatype]]) => ({
        name,
        shape,
        datatype: datatype ?? (typeof data[0] === 'string' ? 'BYTES' : 'FP32'),
        data,
      })),
      ...(outputs === undefined ? {} : { outputs: outputs.map((name) => ({ name })) }),
    });
    return { status, text };
  };
  const outputsOf = ({ text }: { text: string }) =>
    Object.fromEntries(
      JSON.parse(text).outputs.map(({ name, shape, data }: { name: string; shape: number[]; data: unknown[] }) => [
        name,
        { shape, data },
      ]),
    );
  const metadata = async (model: string) => JSON.parse((await get(jitney.port, `/v2/models/${model}`)).text);

  it('are all accounted for: each is refused for its reason, or ready', async () => {
    const { models } = JSON.parse((await get(jitney.port, '/readyz')).text);
    expect(Object.keys(models).sort()).toEqual(
      Object.keys(REFUSED)
        .map((file) => `${nameOf(file)}@1`)
        .sort(),
    );
    for (const file of modelFiles().filter((one) => !(one in REFUSED))) {
      expect([file, (await get(jitney.port, `/v2/models/${nameOf(file)}/ready`)).status]).toEqual([file, 200]);
    }
  });

  it.each(Object.entries(REFUSED))('%s is refused: 503 with model, file, stage, cause and fix', async (file, why) => {
    for (const { status, text } of [
      await get(jitney.port, `/v2/models/${nameOf(file)}`),
      await infer(jitney.port, nameOf(file), { inputs: [] }),
      await post(jitney.port, `/predict/${nameOf(file)}`, { inputs: 1 }),
    ]) {
      expect(status).toBe(503);
      const { error } = JSON.parse(text);
      const message: string = typeof error === 'string' ? error : error.message;
      expect(message).toMatch(why);
      expect(message).toMatch(
        new RegExp(`'${nameOf(file)}' version 1 .*model ${nameOf(file)}.*file .*stage .*Fix: `, 'is'),
      );
    }
  });

  describe('values', () => {
    const BITS: readonly (readonly [model: string, datatype: string, hex: string])[] = [
      ['identity-bool', 'BOOL', '010001'],
      ['identity-uint8', 'UINT8', '0080ff'],
      ['identity-int8', 'INT8', '80ff7f'],
      ['identity-uint16', 'UINT16', '0000ff0000ff'],
      ['identity-int16', 'INT16', '0080ffffff7f'],
      ['identity-uint32', 'UINT32', '00000000ffffffff01020304'],
      ['identity-int32', 'INT32', '00000080ffffffffffffff7f'],
      ['identity-uint64', 'UINT64', 'ffffffffffffffff01000000000020000102030405060708'],
      ['identity-int64', 'INT64', '0000000000000080ffffffffffffff7f0100000000002000'],
      ['identity-fp16', 'FP16', '017c00fcff7b'],
      ['identity-bf16', 'BF16', '817f80ff7f7f'],
      ['identity-fp32', 'FP32', '0100807f000080ff01000000'],
      ['identity-fp64', 'FP64', '010000000000f07f000000000000f0ff0100000000000000'],
      ['identity-string', 'BYTES', '0000000003000000ff00fe0100000061'],
    ];
    it.each(BITS)('%s: %s come back bit for bit, NaN payloads too', async (model, datatype, hex) => {
      const blob = Buffer.from(hex, 'hex');
      const answer = await inferBinary(
        jitney.port,
        model,
        {
          inputs: [{ name: 'x', shape: [1, 3], datatype, parameters: { binary_data_size: blob.length } }],
          parameters: { binary_data_output: true },
        },
        blob,
      );
      expect([answer.status, splitBinary(answer).blob.toString('hex')]).toEqual([200, hex]);
    });

    it('many-dtypes: fourteen at once', async () => {
      const { inputs, outputs } = await metadata('many-dtypes');
      expect(new Set(outputs.map(({ datatype }: { datatype: string }) => datatype)).size).toBe(14);
      const zero = (datatype: string) => (datatype === 'BYTES' ? 'a' : datatype === 'BOOL' ? true : 1);
      const answer = await infer(jitney.port, 'many-dtypes', {
        inputs: inputs.map(({ name, datatype }: { name: string; datatype: string }) => ({
          name,
          datatype,
          shape: [1, 2],
          data: [zero(datatype), zero(datatype)],
        })),
      });
      expect(answer.status).toBe(200);
      for (const { datatype, data } of JSON.parse(answer.text).outputs)
        expect(data).toEqual([zero(datatype), zero(datatype)]);
    });

    it('label-encoder, string-split, map-output: texts and classes', async () => {
      expect(
        outputsOf(
          await ask('label-encoder', {
            x: [
              [1, 3],
              ['a', 'b', 'c'],
            ],
          }),
        ).y.data,
      ).toEqual([1, 2, -1]);
      const labels = outputsOf(
        await ask('map-output', {
          x: [
            [2, 3],
            [1, 0, 0, 0, 1, 0],
          ],
        }),
      );
      expect(labels['y.labels']).toEqual({ shape: [2, 3], data: ['bus', 'cat', 'dog', 'bus', 'cat', 'dog'] });
      const { inputs } = await metadata('string-split');
      expect(inputs[0].datatype).toBe('BYTES');
    });

    it('nan-inf: tokens in JSON, named nulls from /predict, bits as raw tensors', async () => {
      const { text } = await ask('nan-inf', {
        x: [
          [1, 3],
          [1, 0, -1],
        ],
      });
      expect(text).toContain('"data":[0,-Infinity,NaN]');
      const predicted = JSON.parse((await post(jitney.port, '/predict/nan-inf', { inputs: [1, 0, -1] })).text);
      expect(predicted.outputs.y).toEqual([[0, null, null]]);
      expect(predicted.nonFinite.map(({ value }: { value: string }) => value)).toEqual(['-Infinity', 'NaN']);
    });

    it('external: weights beside the file', async () => {
      expect(
        outputsOf(
          await ask('external-model', {
            x: [
              [1, 3],
              [0, 0, 0],
            ],
          }),
        ).y,
      ).toEqual({ shape: [1, 4], data: [0, 0, 0, 0] });
    });

    it('local-function is no unknown operator', async () => {
      expect(
        (
          await ask('local-function', {
            x: [
              [1, 3],
              [1, 2, 3],
            ],
          })
        ).status,
      ).toBe(200);
    });
  });

  describe('shapes', () => {
    it('scalar: no batch dimension', async () => {
      const { inputs } = await metadata('scalar');
      const all = Object.fromEntries(inputs.map(({ name }: { name: string }) => [name, [[], [2]] as const]));
      expect((await ask('scalar', all)).status).toBe(200);
    });

    it('zero-rows, zero-dim: empty tensors fit, and zero-dim takes nothing else', async () => {
      expect(outputsOf(await ask('zero-rows', { x: [[0, 3], []] })).y).toEqual({ shape: [0, 3], data: [] });
      expect(outputsOf(await ask('zero-dim', { x: [[0, 3], []] })).y).toEqual({ shape: [0, 3], data: [] });
      expect(
        (
          await ask('zero-dim', {
            x: [
              [1, 3],
              [1, 2, 3],
            ],
          })
        ).status,
      ).toBe(400);
    });

    it('fixed-batch takes its four rows and refuses any other number', async () => {
      const { inputs } = await metadata('fixed-batch');
      const [{ name, shape }] = inputs;
      const rows = (count: number) => ({ [name]: [[count, shape[1]], Array(count * shape[1]).fill(1)] as const });
      expect((await ask('fixed-batch', rows(4))).status).toBe(200);
      for (const count of [1, 3, 5, 8]) {
        const { status, text } = await ask('fixed-batch', rows(count));
        expect([status, text]).toEqual([400, expect.stringContaining(`unexpected shape for input '${name}'`)]);
      }
    });

    it('batch-one takes one row a request, and says so', async () => {
      const { inputs } = await metadata('batch-one');
      const [{ name, shape }] = inputs;
      const rows = (count: number) => ({ [name]: [[count, shape[1]], Array(count * shape[1]).fill(1)] as const });
      expect((await ask('batch-one', rows(1))).status).toBe(200);
      const { status, text } = await ask('batch-one', rows(2));
      expect([status, text]).toEqual([400, expect.stringContaining("batch-size must be <= 1 for 'batch-one'")]);
    });

    it('no-rank takes any shape, no-names is [-1,-1]', async () => {
      expect(
        outputsOf(
          await ask('no-rank', {
            x: [
              [1, 1, 2],
              [1, 2],
            ],
          }),
        ).y.shape,
      ).toEqual([1, 1, 2]);
      expect(outputsOf(await ask('no-rank', { x: [[], [1]] })).y.shape).toEqual([]);
      expect((await metadata('no-names')).inputs[0].shape).toEqual([-1, -1]);
    });

    it('nonzero answers as much as it finds', async () => {
      const { inputs, outputs } = await metadata('nonzero');
      const name = inputs[0].name;
      const found = async (data: number[]) =>
        outputsOf(await ask('nonzero', { [name]: [[1, 3], data] }))[outputs[0].name].shape;
      expect(await found([1, 0, 1])).not.toEqual(await found([0, 0, 1]));
    });

    it('dims-lie answers with the true shape', async () => {
      const { shape, data } = outputsOf(
        await ask('dims-lie', {
          x: [
            [2, 3],
            [1, 1, 1, 1, 1, 1],
          ],
        }),
      ).y;
      expect([shape, data.length]).toEqual([[2, 3], 6]);
    });

    it('symbol-names: metadata is JSON whatever the symbols are', async () => {
      const { inputs } = await metadata('symbol-names');
      for (const { shape } of inputs) for (const size of shape) expect(Number.isInteger(size)).toBe(true);
      expect((await get(jitney.port, '/')).text).toContain('symbol-names');
    });
  });

  describe('inputs and outputs', () => {
    it('optional-input may be left out', async () => {
      const x = [
        [1, 3],
        [-1, 0.5, 2],
      ] as const;
      const byDefault = await ask('optional-input', { x });
      const given = await ask('optional-input', { x, lo: [[], [1]] });
      expect([byDefault.status, given.status]).toEqual([200, 200]);
      expect(outputsOf(byDefault)).not.toEqual(outputsOf(given));
    });

    it('no-inputs serves an empty request', async () => {
      expect(outputsOf(await ask('no-inputs', {})).y).toEqual({ shape: [3], data: [0, 1, 2] });
    });

    it('pass-through gives its input back beside its output', async () => {
      const outputs = outputsOf(
        await ask('pass-through', {
          x: [
            [1, 3],
            [-1, -2, 3],
          ],
        }),
      );
      expect(outputs).toEqual({ y: { shape: [1, 3], data: [0, 0, 3] }, x: { shape: [1, 3], data: [-1, -2, 3] } });
    });

    it('many-outputs: three that are named come, in their order', async () => {
      const outputs = outputsOf(
        await ask(
          'many-outputs',
          {
            x: [
              [1, 3],
              [1, 2, 3],
            ],
          },
          ['y199', 'y000', 'y002'],
        ),
      );
      expect(Object.entries(outputs)).toEqual([
        ['y199', { shape: [1, 3], data: [199, 398, 597] }],
        ['y000', { shape: [1, 3], data: [0, 0, 0] }],
        ['y002', { shape: [1, 3], data: [2, 4, 6] }],
      ]);
    });

    it('tensor-names: each by its exact name, __proto__ too, in all routes', async () => {
      const { inputs } = await metadata('tensor-names');
      const names: string[] = inputs.map(({ name }: { name: string }) => name);
      expect(names).toEqual(
        expect.arrayContaining(['__proto__', 'constructor', 'a b', '../../up', '日本語', 'x'.repeat(300)]),
      );
      const { status, text } = await infer(jitney.port, 'tensor-names', {
        inputs: names.map((name, i) => ({ name, shape: [1, 3], datatype: 'FP32', data: [i, i, i] })),
      });
      expect(status).toBe(200);
      const answered = JSON.parse(text).outputs.map(({ name, data }: { name: string; data: number[] }) => [
        name,
        data[0],
      ]);
      expect(answered).toEqual(names.map((name, i) => [`out:${name}`, i]));
      const members = names.map((name, i) => `${JSON.stringify(name)}:[[${i},${i},${i}]]`).join();
      const predicted = await post(jitney.port, '/predict/tensor-names', `{"inputs":{${members}}}`);
      expect(predicted.status).toBe(200);
      expect(predicted.text).toContain('"out:__proto__":[[');
    });

    it('metadata: what the file says of itself is text on the page, cut', async () => {
      const { text } = await get(jitney.port, '/');
      expect(text).not.toMatch(/<script>(?!\s*\nfor)/);
      expect(text.length).toBeLessThan(500_000);
    });
  });

  describe('rows of different requests', () => {
    const rowsAlone = async (model: string, rows: readonly number[][]) => {
      const one = (row: number[]) => ask(model, { x: [[1, row.length], row] });
      const alone = [];
      for (const row of rows) alone.push((await one(row)).text);
      const together = await Promise.all(rows.map(one));
      expect(together.map(({ text }) => text)).toEqual(alone);
    };

    it.each(['mixes-rows', 'sum-over-batch', 'zero-rows', 'pass-through'])(
      '%s: the same together as alone',
      async (model) => {
        await rowsAlone(
          model,
          Array.from({ length: 24 }, (_, i) => [i + 1, i * 2, -i]),
        );
      },
    );

    it('shared-input: rows join only where the bias is the same, and never mix', async () => {
      const { inputs } = await metadata('shared-input');
      const bias = inputs.find(({ name }: { name: string }) => name === 'bias');
      const answers = await Promise.all(
        Array.from({ length: 24 }, async (_, i) => {
          const answer = await ask('shared-input', {
            x: [
              [1, 3],
              [i, i, i],
            ],
            bias: [
              bias.shape,
              Array(bias.shape.reduce((product: number, size: number) => product * size, 1)).fill(i % 3),
            ],
          });
          return Object.values<{ data: number[] }>(outputsOf(answer))[0]?.data[0];
        }),
      );
      expect(answers).toEqual(Array.from({ length: 24 }, (_, i) => i + (i % 3)));
    });

    it.each([
      ['mixes-rows', 'rows influence each other'],
      ['random', 'two equal runs answer differently'],
      ['fixed-batch', 'fixed at 4'],
      ['batch-last', 'is not the first'],
    ])('%s is served unbatched, and the page says why', async (_model, why) => {
      expect((await get(jitney.port, '/')).text).toContain(why);
    });
  });

  describe('runs that must not be', () => {
    const alive = async () => {
      expect(
        (
          await ask('identity-fp32', {
            x: [
              [1, 3],
              [1, 2, 3],
            ],
          })
        ).status,
      ).toBe(200);
    };

    it('divide: by zero is an error, -2147483648 / -1 costs one request and one host, and is not run again', async () => {
      const divide = (a: number, b: number) => ask('divide', { a: [[1], [a], 'INT32'], b: [[1], [b], 'INT32'] });
      const { inputs } = await metadata('divide');
      expect(inputs.map(({ datatype, shape }: { datatype: string; shape: number[] }) => [datatype, shape])).toEqual([
        ['INT32', [-1]],
        ['INT32', [-1]],
      ]);
      expect((await divide(6, 3)).status).toBe(200);
      expect((await divide(1, 0)).status).toBe(500);
      const [poison, ...others] = await Promise.all([
        divide(-2147483648, -1),
        ...Array.from({ length: 20 }, (_, i) => divide(i * 2, 2)),
      ]);
      expect(poison?.status).toBe(422);
      expect(others.map(({ text }) => JSON.parse(text).outputs[0].data[0])).toEqual(
        Array.from({ length: 20 }, (_, i) => i),
      );
      const [before] = await jitney.processes('jitney host divide');
      expect((await divide(-2147483648, -1)).status).toBe(422);
      expect(await jitney.processes('jitney host divide')).toEqual([before]);
      await alive();
    });

    it('slow: 10^12 rounds end at the deadline, the host serves on', async () => {
      const { inputs } = await metadata('slow');
      const matrix = inputs.find(({ name }: { name: string }) => name !== 'k');
      const size = matrix.shape.reduce((product: number, length: number) => product * length, 1);
      const { status, text } = await infer(jitney.port, 'slow', {
        parameters: { timeout: 200_000 },
        inputs: [
          { name: 'k', shape: [], datatype: 'INT64', data: [1e12] },
          { name: matrix.name, shape: matrix.shape, datatype: 'FP32', data: Array(size).fill(0) },
        ],
      });
      expect([status, text]).toEqual([503, expect.stringContaining('Request timeout expired')]);
      await alive();
    });

    it('huge-middle: 40 TB inside for one number outside are an error, and the model serves on', async () => {
      const middle = (elements: number) => ask('huge-middle', { s: [[1], [elements], 'INT64'] });
      const { status, text } = await middle(1e13);
      expect([status, text]).toEqual([500, expect.stringMatching(/alloc|memory|bad/i)]);
      expect((await middle(10)).status).toBe(200);
    });

    it('huge-output: 4 TB are an error, and the model serves on', async () => {
      const { status, text } = await ask('huge-output', { s: [[2], [1_000_000, 1_000_000], 'INT64'] });
      expect(status).toBe(500);
      expect(text).toMatch(/alloc|memory|bad/i);
      expect(outputsOf(await ask('huge-output', { s: [[2], [2, 3], 'INT64'] })).y.shape).toEqual([2, 3]);
      await alive();
    });
  });
});
