import {
  type Batch,
  type Dimension,
  type Dtype,
  JitneyError,
  type Model,
  type ModelFacts,
  rowElements,
  type Tensor,
  type TensorSpec,
} from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeBatching } from './self-check.js';

const signal = new AbortController().signal;
const options = { enabled: true, maxRows: 16 };

function spec(name: string, shape: readonly Dimension[], dtype: Dtype = 'FP32', optional = false): TensorSpec {
  return { name, dtype, shape, optional };
}

interface FakeModel {
  readonly inputs?: readonly TensorSpec[];
  readonly facts?: Partial<ModelFacts>;
  readonly run: (...inputs: Tensor[]) => Tensor | readonly Tensor[] | Promise<readonly Tensor[]>;
}

/** A model of the given arithmetic, which notes the batches it was run with. */
function fakeModel({
  inputs = [spec('x', ['n', 3])],
  facts = {},
  run,
}: FakeModel): Model & { readonly batches: Batch[] } {
  const batches: Batch[] = [];
  return {
    batches,
    signature: { inputs, outputs: [spec('y', ['n', null])] },
    facts: {
      platform: 'fake',
      runtime: '',
      unbatchable: null,
      batchSensitive: false,
      maxRows: null,
      sharedInputs: [],
      warnings: [],
      ...facts,
    },
    run(batch) {
      batches.push(batch);
      const outputs = run(...batch.tensors);
      return outputs instanceof Promise ? outputs.then((tensors) => [...tensors]) : [outputs].flat();
    },
    memory: () => ({ hostBytes: 0, deviceBytes: 0 }),
    close: async () => {},
  };
}

const floats = (tensor: Tensor) => tensor.data as Float32Array;
const fp32 = (shape: readonly number[], data: ArrayLike<number>): Tensor => ({
  name: 'y',
  dtype: 'FP32',
  shape,
  data: Float32Array.from(data),
});

/** An output of the input's shape, each element made of its row. */
function eachRow(x: Tensor, row: (values: Float32Array, index: number) => ArrayLike<number>): Tensor {
  const width = rowElements(x.shape);
  const rows = x.shape[0] as number;
  const data = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) data.set(row(floats(x).subarray(i * width, (i + 1) * width), i), i * width);
  return fp32(x.shape, data);
}

const double = (x: Tensor) => eachRow(x, (values) => values.map((value) => 2 * value));
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);

describe('a model whose rows do not see each other', () => {
  it('is batched up to the cap, and the reason says how it was found', async () => {
    expect(await judgeBatching(fakeModel({ run: double }), options, signal)).toEqual({
      mode: 'rows',
      maxRows: 16,
      shared: [],
      sensitive: false,
      reason: 'each of 3 rows alone equals itself among the others',
    });
  });

  it('is tried with two sizes of its free dimensions', async () => {
    const model = fakeModel({ inputs: [spec('x', ['batch', 'length'])], run: double });
    const batching = await judgeBatching(model, options, signal);
    expect(batching.reason).toMatch('free dimensions of 4 and 7');
    const shapes = new Set(model.batches.map(({ tensors }) => `${tensors[0]?.shape}`));
    expect(shapes).toEqual(new Set(['1,4', '3,4', '1,7', '3,7']));
  });

  it('is tried with larger sizes where small ones fail', async () => {
    const run = (x: Tensor) => {
      if ((x.shape[1] as number) < 32) throw new JitneyError('MODEL_ERROR', 'Kernel is larger than the input.');
      return double(x);
    };
    const batching = await judgeBatching(fakeModel({ inputs: [spec('x', ['n', 'w'])], run }), options, signal);
    expect(batching).toMatchObject({ mode: 'rows', reason: expect.stringContaining('free dimensions of 32 and 64') });
  });

  it('is batched although some of its answers are NaN or infinite', async () => {
    const run = (x: Tensor) => eachRow(x, (values) => [Number.NaN, Number.POSITIVE_INFINITY, values[2] as number]);
    expect(await judgeBatching(fakeModel({ run }), options, signal)).toMatchObject({ mode: 'rows' });
  });

  it('is batched whatever its types and sizes, as long as each row answers by itself', async () => {
    const input = fc.record({
      dtype: fc.constantFrom<Dtype>(
        'FP32',
        'FP64',
        'FP16',
        'BF16',
        'INT8',
        'UINT64',
        'INT64',
        'UINT8',
        'BOOL',
        'BYTES',
      ),
      inner: fc.array(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constantFrom('a', 'b + 1', null)), { maxLength: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(input, { minLength: 1, maxLength: 3 }), async (drawn) => {
        const inputs = drawn.map(({ dtype, inner }, i) => spec(`x${i}`, ['n', ...inner], dtype));
        const echo = fakeModel({ inputs, run: (...tensors) => tensors });
        expect(await judgeBatching(echo, options, signal)).toMatchObject({ mode: 'rows' });
      }),
      { numRuns: 50 },
    );
  });
});

describe('a model whose rows see each other', () => {
  it.each<[string, (x: Tensor) => Tensor]>([
    ['divides by the sum over all rows', (x) => eachRow(x, (values) => values.map((value) => value / sum(floats(x))))],
    [
      'adds the row before',
      (x) => eachRow(x, (values, i) => values.map((value, j) => value + (floats(x)[3 * i - 3 + j] ?? 0))),
    ],
    ['numbers its rows', (x) => eachRow(x, (values, i) => values.map((value) => value + i))],
    [
      'turns its rows around',
      (x) => eachRow(x, (_, i) => floats(x).subarray(floats(x).length - 3 * i - 3, floats(x).length - 3 * i)),
    ],
  ])('and %s is not', async (_what, run) => {
    const batching = await judgeBatching(fakeModel({ run }), options, signal);
    expect(batching).toMatchObject({ mode: 'whole', maxRows: null });
    expect(batching.reason).toMatch(/^rows influence each other: alone and among 3, output 'y' gives .+ or /);
  });

  it('and refuses several rows is not batched', async () => {
    const run = (x: Tensor) => {
      if (x.shape[0] !== 1) throw new JitneyError('MODEL_ERROR', 'Cannot reshape to [1,3].');
      return double(x);
    };
    const { mode, reason } = await judgeBatching(fakeModel({ run }), options, signal);
    expect({ mode, reason }).toEqual({
      mode: 'whole',
      reason: 'each row runs alone, but 3 together fail: Cannot reshape to [1,3].',
    });
  });

  it('is never batched, wherever the influence lies', async () => {
    const influence = fc.record({
      from: fc.nat(2),
      to: fc.nat(2),
      weight: fc.double({ min: 0.1, max: 5, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(influence, async ({ from, to, weight }) => {
        fc.pre(from !== to);
        const run = (x: Tensor) =>
          eachRow(x, (values, i) =>
            values.map((value, j) => value + (i === to ? weight * (floats(x)[3 * from + j] ?? 0) : 0)),
          );
        expect(await judgeBatching(fakeModel({ run }), options, signal)).toMatchObject({ mode: 'whole' });
      }),
    );
  });
});

describe('a model whose outputs do not follow its rows', () => {
  it.each<[string, FakeModel['run'], RegExp]>([
    ['one answer for all rows', (x) => fp32([1], [sum(floats(x))]), /output 'y' has the shape \[3\] or \[1\]/],
    [
      'two rows for each',
      (x) => fp32([2 * (x.shape[0] as number), 1], floats(x).subarray(0, 2 * (x.shape[0] as number))),
      /output 'y' does not follow the rows: one row gives \[2,1\]/,
    ],
    ['a scalar', (x) => fp32([], [sum(floats(x))]), /one row gives \[\]/],
    [
      'as many numbers as the values call for',
      (x) =>
        fp32([1, Math.ceil(9 * (floats(x)[0] as number))], new Array(Math.ceil(9 * (floats(x)[0] as number))).fill(0)),
      /depends on the values/,
    ],
  ])('but has %s is not batched', async (_what, run, reason) => {
    const batching = await judgeBatching(fakeModel({ run }), options, signal);
    expect(batching).toMatchObject({ mode: 'whole', reason: expect.stringMatching(reason) });
  });

  it('but as many columns as the longest text has words is not batched', async () => {
    const run = (x: Tensor): Tensor => {
      const words = (x.data as readonly Uint8Array[]).map((text) => Buffer.from(text).toString().split(' '));
      const columns = Math.max(...words.map((row) => row.length));
      return fp32(
        [words.length, columns],
        words.flatMap((row) => Array.from({ length: columns }, (_, i) => row[i]?.length ?? 0)),
      );
    };
    const batching = await judgeBatching(fakeModel({ inputs: [spec('x', ['n'], 'BYTES')], run }), options, signal);
    expect(batching).toMatchObject({
      mode: 'whole',
      reason: expect.stringMatching(/shape of output 'y' depends on the values/),
    });
  });
});

describe('a model that cannot be judged', () => {
  it('because it is random is not batched, and the reason does not call it a fault', async () => {
    let draw = 0;
    const run = (x: Tensor) => eachRow(x, (values) => values.map((value) => value + ++draw));
    const { mode, reason } = await judgeBatching(fakeModel({ run }), options, signal);
    expect(mode).toBe('whole');
    expect(reason).toMatch('two equal runs answer differently, so it is random or unstable');
  });

  it('because every row gets the same answer is not batched', async () => {
    const run = (x: Tensor) => eachRow(x, () => [1, 2, 3]);
    const batching = await judgeBatching(fakeModel({ run }), options, signal);
    expect(batching).toMatchObject({
      mode: 'whole',
      reason: 'the self-check could not decide: all rows got the same answer, which proves nothing',
    });
  });

  it('because no run succeeds is not batched, and the reason gives the first error', async () => {
    let runs = 0;
    const run = () => {
      throw new JitneyError('MODEL_ERROR', `Failure ${++runs}.`);
    };
    const batching = await judgeBatching(fakeModel({ run }), options, signal);
    expect(batching).toMatchObject({
      mode: 'whole',
      reason: 'the self-check could not decide: its run failed: Failure 1.',
    });
  });

  it('because its inputs are too large to make up is not batched, and not run', async () => {
    const model = fakeModel({ inputs: [spec('x', ['n', 4096, 4096])], run: double });
    const batching = await judgeBatching(model, options, signal);
    expect(batching).toMatchObject({ mode: 'whole', reason: expect.stringContaining('too large to make up') });
    expect(model.batches).toEqual([]);
  });

  it('by one kind of values is judged by another', async () => {
    // Answers differ only where values are large: the first kinds prove nothing.
    const steps = (x: Tensor) => eachRow(x, (values) => values.map((value) => Math.floor(value / 5)));
    expect(await judgeBatching(fakeModel({ run: steps }), options, signal)).toMatchObject({ mode: 'rows' });
    const mixed = (x: Tensor) => eachRow(x, () => new Array(3).fill(Math.floor(sum(floats(x)) / 5)));
    expect(await judgeBatching(fakeModel({ run: mixed }), options, signal)).toMatchObject({ mode: 'whole' });
  });

  it('by values that magnify rounding is judged by others', async () => {
    const noisy = (x: Tensor) => {
      const isSmall = floats(x).every((value) => value > 0 && value < 1);
      const noise = isSmall && (x.shape[0] as number) > 1 ? 1.002 : 1;
      return eachRow(x, (values) => values.map((value) => value * noise));
    };
    expect(await judgeBatching(fakeModel({ run: noisy }), options, signal)).toMatchObject({ mode: 'rows' });
    const always = (x: Tensor) =>
      eachRow(x, (values) => values.map((value) => value * ((x.shape[0] as number) > 1 ? 1.002 : 1)));
    expect(await judgeBatching(fakeModel({ run: always }), options, signal)).toMatchObject({ mode: 'whole' });
  });
});

describe('a graph that quantises over the whole batch', () => {
  /** Rounds to 256 steps of the largest value at hand, as DynamicQuantizeLinear does. */
  const quantised = (x: Tensor) => {
    const step = Math.max(...floats(x).map(Math.abs)) / 127;
    return eachRow(x, (values) => values.map((value) => Math.round(value / step) * step));
  };

  it('is judged by its direction, and labelled', async () => {
    const model = fakeModel({ facts: { batchSensitive: true }, run: quantised });
    const batching = await judgeBatching(model, options, signal);
    expect(batching).toMatchObject({ mode: 'rows', sensitive: true });
    expect(batching.reason).toMatch(/^batch-sensitive, since it quantises .* \(cosine (1\.000|0\.99\d)\)/);
  });

  it('would not be batched by the measure of other graphs', async () => {
    expect(await judgeBatching(fakeModel({ run: quantised }), options, signal)).toMatchObject({ mode: 'whole' });
  });

  it.each<[string, (x: Tensor) => Tensor]>([
    ['direction', (x) => eachRow(x, (values, i) => (i === 0 ? values : values.map((value) => -value)))],
    ['length', (x) => eachRow(x, (values) => values.map((value) => value / (x.shape[0] as number)))],
  ])('is not batched where rows differ in %s', async (what, run) => {
    const batching = await judgeBatching(fakeModel({ facts: { batchSensitive: true }, run }), options, signal);
    expect(batching).toMatchObject({
      mode: 'whole',
      reason: expect.stringContaining(what === 'length' ? 'times the length' : 'cosine'),
    });
  });
});

describe('what the model is run with', () => {
  const inputsOf = (model: ReturnType<typeof fakeModel>, name: string) =>
    model.batches.flatMap(({ tensors }) => tensors.filter((tensor) => tensor.name === name));

  it('are valid values: masks of ones, token types of zeros, small positive integers that differ from row to row', async () => {
    const inputs = ['input_ids', 'attention_mask', 'token_type_ids'].map((name) =>
      spec(name, ['n', 'length'], 'INT64'),
    );
    const model = fakeModel({ inputs, run: (ids) => ids });
    await judgeBatching(model, options, signal);
    const values = (name: string) => new Set(inputsOf(model, name).flatMap(({ data }) => [...(data as BigInt64Array)]));
    expect(values('input_ids')).toEqual(new Set([1n, 2n, 3n]));
    expect(values('attention_mask')).toEqual(new Set([1n]));
    expect(values('token_type_ids')).toEqual(new Set([0n]));
    const ids = model.batches.find(({ tensors }) => tensors[0]?.shape[0] === 3)?.tensors[0]?.data as BigInt64Array;
    for (let i = 0; i < 4; i++) expect(new Set([ids[i], ids[4 + i], ids[8 + i]]).size).toBe(3);
  });

  it('are the same values for shared inputs, without a batch dimension', async () => {
    const inputs = [spec('x', ['n', 3]), spec('bias', [3])];
    const model = fakeModel({ inputs, facts: { sharedInputs: ['bias'] }, run: double });
    expect(await judgeBatching(model, options, signal)).toMatchObject({ mode: 'rows', shared: ['bias'] });
    const [first, ...others] = inputsOf(model, 'bias');
    expect(first?.shape).toEqual([3]);
    for (const other of others) expect(other).toEqual(first);
  });

  it('are no values for optional inputs', async () => {
    const inputs = [spec('x', ['n', 3]), spec('lo', [], 'FP32', true)];
    const model = fakeModel({ inputs, facts: { sharedInputs: ['lo'] }, run: double });
    expect(await judgeBatching(model, options, signal)).toMatchObject({ mode: 'rows', shared: ['lo'] });
    expect(inputsOf(model, 'lo')).toEqual([]);
  });

  it('are texts that the graph knows', async () => {
    const known = ['DE', 'FR', 'JP'];
    const code = (x: Tensor) => {
      const codes = (x.data as readonly Uint8Array[]).map((text) => known.indexOf(Buffer.from(text).toString()));
      if (codes.includes(-1)) throw new JitneyError('MODEL_ERROR', 'Unknown category.');
      return fp32(x.shape, codes);
    };
    const inputs = [spec('country', ['n', 1], 'BYTES')];
    const model = fakeModel({ inputs, facts: { knownTexts: known }, run: code });
    expect(await judgeBatching(model, options, signal)).toMatchObject({ mode: 'rows' });
  });

  it('are sizes that add up where a symbol is a sum', async () => {
    const inputs = [spec('past', ['n', 'past']), spec('mask', ['n', 'past + 1'])];
    const model = fakeModel({ inputs, run: double });
    await judgeBatching(model, options, signal);
    expect(model.batches[0]?.tensors.map(({ shape }) => shape)).toEqual([
      [1, 4],
      [1, 5],
    ]);
  });
});

describe('a verdict without a run', () => {
  it.each<[string, Partial<ModelFacts>, Partial<typeof options>, object]>([
    [
      'when batching is switched off',
      {},
      { enabled: false },
      { mode: 'whole', maxRows: null, reason: 'batching is switched off for this model' },
    ],
    [
      'when the signature says no',
      { unbatchable: 'its inputs are scalars' },
      {},
      { mode: 'whole', maxRows: null, reason: 'its inputs are scalars' },
    ],
    [
      'when the file takes one row a run',
      { unbatchable: 'fixed at 1', maxRows: 1 },
      {},
      { mode: 'whole', maxRows: 1, reason: 'fixed at 1' },
    ],
  ])('is given %s', async (_what, facts, changed, expected) => {
    const model = fakeModel({ facts, run: double });
    expect(await judgeBatching(model, { ...options, ...changed }, signal)).toEqual(expected);
    expect(model.batches).toEqual([]);
  });
});

describe('a self-check that is cancelled', () => {
  it('ends with CANCELLED before the next run', async () => {
    const abort = new AbortController();
    const model = fakeModel({
      run: async (x) => {
        abort.abort();
        return [double(x)];
      },
    });
    await expect(judgeBatching(model, options, abort.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(model.batches).toHaveLength(1);
  });
});
