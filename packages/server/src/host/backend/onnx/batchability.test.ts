import type { Dimension, Dtype, TensorSpec } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import { judgeSignature } from './batchability.js';

type Shapes = Readonly<Record<string, readonly Dimension[] | null>>;

function specs(shapes: Shapes): TensorSpec[] {
  return Object.entries(shapes).map(([name, shape]) => ({ name, dtype: 'FP32', shape, optional: false }));
}

const judge = (inputs: Shapes, outputs: Shapes, operators: readonly string[] = []) =>
  judgeSignature(
    { inputs: specs(inputs), outputs: specs(outputs) },
    operators.map((type) => ({ domain: 'ai.onnx', type, count: 1 })),
  );

describe('a signature that leaves the question to a run', () => {
  it.each<[string, Shapes, Shapes]>([
    ['one free first dimension', { x: ['n', 3] }, { y: ['n', 2] }],
    ['free dimensions without names', { x: [null, null] }, { y: [null, null] }],
    [
      'texts of any length',
      { ids: ['batch', 'length'], mask: ['batch', 'length'] },
      { hidden: ['batch', 'length', 384] },
    ],
    ['squares that are no batch', { image: ['n', 3, 's', 's'] }, { y: ['n', 1] }],
    ['an output whose first dimension has a name of its own', { x: ['n', 3] }, { y: ['Gemm_dim_0', 2] }],
    ['names that an exporter made up', { a: ['unk__1', 3], b: ['unk__2', 3] }, { y: ['unk__3', 3] }],
  ])('has %s', (_what, inputs, outputs) => {
    expect(judge(inputs, outputs)).toEqual({ unbatchable: null, maxRows: null, sharedInputs: [] });
  });

  it('names inputs of fixed shape beside batched ones as shared', () => {
    expect(judge({ x: ['n', 3], bias: [3], scale: [] }, { y: ['n', 3] })).toEqual({
      unbatchable: null,
      maxRows: null,
      sharedInputs: ['bias', 'scale'],
    });
  });
});

describe('a signature whose rows cannot be joined', () => {
  it.each<[string, Shapes, Shapes, string]>([
    ['no inputs', {}, { y: [3] }, 'it has no inputs'],
    ['scalars', { a: [], b: [] }, { c: [] }, 'its inputs are scalars'],
    ['an input of unknown rank', { x: null }, { y: ['n'] }, 'the rank of input "x" is not known'],
    ['an output of unknown rank', { x: ['n'] }, { y: null }, 'the rank of output "y" is not known'],
    ['a scalar output', { x: ['n', 3] }, { y: [] }, 'output "y" [] has no batch dimension'],
    ['an output without the batch', { x: ['n', 3] }, { y: [1, 3] }, 'output "y" [1,3] has no batch dimension'],
    ['a fixed batch', { x: [4, 3] }, { y: [4, 3] }, 'the first dimension of input "x" is fixed at 4'],
    [
      'a free dimension that is not the first',
      { x: [3, 'n'] },
      { y: [3, 'n'] },
      'the free dimension of input "x" [3,n] is not the first',
    ],
    [
      'a state beside the rows',
      { x: ['n', 3], state: [2, 'n', 8] },
      { y: ['n'] },
      'the free dimension of input "state" [2,n,8] is not the first',
    ],
    [
      'different first dimensions',
      { a: ['n', 3], b: ['m', 3] },
      { y: ['n', 3] },
      'inputs "a" [n,3] and "b" [m,3] differ in their first dimension',
    ],
    [
      'one symbol twice',
      { x: ['n', 'n'] },
      { y: ['n', 2] },
      '"x" [n,n] has the batch dimension "n" twice, or not first',
    ],
    [
      'the batch last in an output',
      { x: ['n', 3] },
      { y: ['k', 'n'] },
      '"y" [k,n] has the batch dimension "n" twice, or not first',
    ],
    [
      'axes that change places',
      { x: ['a', 'b'] },
      { y: ['b', 2] },
      'the first dimension of output "y" [b,2] is not that of the inputs',
    ],
  ])('has %s', (_what, inputs, outputs, reason) => {
    expect(judge(inputs, outputs)).toMatchObject({ unbatchable: reason, maxRows: null });
  });

  it('has outputs of their own size in a graph that sizes results by data', () => {
    expect(judge({ x: ['n', 3] }, { found: ['k', 4] }, ['NonMaxSuppression']).unbatchable).toBe(
      'the size of output "found" [k,4] may depend on the data (the graph has NonMaxSuppression)',
    );
    expect(judge({ x: ['n', 3] }, { found: ['n', 4] }, ['NonMaxSuppression']).unbatchable).toBeNull();
    expect(judge({ x: ['n', 3] }, { found: ['k', 4] }, ['Relu']).unbatchable).toBeNull();
  });

  it('takes one row a run where every first dimension is fixed at one', () => {
    expect(judge({ x: [1, 3], y: [1] }, { z: [1, 3] })).toMatchObject({ maxRows: 1 });
    expect(judge({ x: [1, 3], y: [3] }, { z: [1, 3] })).toMatchObject({ maxRows: null });
  });

  it('is described without the whole of a symbol that never ends', () => {
    const reason = judge({ x: ['d'.repeat(5000), 3], y: ['e', 3] }, {}).unbatchable;
    expect(reason).toContain('ddd…');
    expect(reason?.length).toBeLessThan(200);
  });
});

describe('a graph that divides', () => {
  const spec = (name: string, dtype: Dtype): TensorSpec => ({ name, dtype, shape: ['n'], optional: false });
  const verdict = (inputs: Dtype, outputs: Dtype, ...operators: string[]) =>
    judgeSignature(
      { inputs: [spec('x', inputs)], outputs: [spec('y', outputs)] },
      operators.map((type) => ({ domain: 'ai.onnx', type, count: 1 })),
    ).unbatchable;

  it('whole numbers keeps its rows apart: alone and among others one may meet another fate', () => {
    expect(verdict('INT32', 'INT32', 'Div')).toMatch(/divides whole numbers \(Div\)/);
    expect(verdict('INT64', 'INT64', 'Add', 'Mod')).toMatch(/divides whole numbers \(Mod\)/);
  });
  it.each<[string, Dtype, Dtype, string[]]>([
    ['numbers that are not whole', 'FP32', 'FP32', ['Div']],
    ['what became of token ids', 'INT64', 'INT64', ['Gather', 'Div', 'ArgMax']],
    ['what was made of whole numbers', 'INT64', 'INT64', ['Cast', 'Div']],
    ['nothing', 'INT32', 'INT32', ['Mul']],
  ])('%s does not', (_what, inputs, outputs, operators) => {
    expect(verdict(inputs, outputs, ...operators)).toBeNull();
  });
});
