import { createNumericArray, type Dimension, type Dtype, type NumericDtype } from '@jitney/core';
import { buildModel, type Constant, type GraphDeclaration, type NodeDeclaration } from './onnx-writer.js';

/** Small models whose arithmetic is obvious. */

/** `y = x`. */
export function identityModel(dtype: Dtype, shape: readonly Dimension[] | null = ['n', 3]): Uint8Array {
  return buildModel({
    inputs: [{ name: 'x', dtype, shape }],
    outputs: [{ name: 'y', dtype, shape }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
}

/** `sum = a + b`, both `[n,2]`. */
export function addModel(): Uint8Array {
  const value = (name: string) => ({ name, dtype: 'FP32', shape: ['n', 2] }) as const;
  return buildModel({
    inputs: [value('a'), value('b')],
    outputs: [value('sum')],
    nodes: [{ op: 'Add', inputs: ['a', 'b'], outputs: ['sum'] }],
  });
}

/** `double = 2 x` and `square = x²`, of any shape. */
export function doubleAndSquareModel(): Uint8Array {
  const value = (name: string) => ({ name, dtype: 'FP32', shape: null }) as const;
  return buildModel({
    inputs: [value('x')],
    outputs: [value('double'), value('square')],
    nodes: [
      { op: 'Add', inputs: ['x', 'x'], outputs: ['double'] },
      { op: 'Mul', inputs: ['x', 'x'], outputs: ['square'] },
    ],
  });
}

/** `y = x + k`, by `k` rounds of adding 1: with 10^12 rounds it never ends. `k` is a scalar INT64, `x` a `[2]`. */
export function loopModel(): Uint8Array {
  const x = { name: 'x', dtype: 'FP32', shape: [2] } as const;
  const body: GraphDeclaration = {
    inputs: [
      { name: 'round', dtype: 'INT64', shape: [] },
      { name: 'go_in', dtype: 'BOOL', shape: [] },
      { name: 'before', dtype: 'FP32', shape: [2] },
    ],
    outputs: [
      { name: 'go_out', dtype: 'BOOL', shape: [] },
      { name: 'after', dtype: 'FP32', shape: [2] },
    ],
    nodes: [
      { op: 'Identity', inputs: ['go_in'], outputs: ['go_out'] },
      { op: 'Add', inputs: ['before', 'one'], outputs: ['after'] },
    ],
  };
  return buildModel({
    inputs: [{ name: 'k', dtype: 'INT64', shape: [] }, x],
    outputs: [{ name: 'y', dtype: 'FP32', shape: [2] }],
    initializers: [
      { name: 'go', dtype: 'BOOL', shape: [], data: Uint8Array.of(1) },
      { name: 'one', dtype: 'FP32', shape: [2], data: Float32Array.of(1, 1) },
    ],
    nodes: [{ op: 'Loop', inputs: ['k', 'go', 'x'], outputs: ['y'], attributes: { body: { graph: body } } }],
  });
}

/** `y = x` through `depth` `If`s, each inside the branch of the one before. The condition is an input. */
export function nestedIfModel(depth: number): Uint8Array {
  const output = (level: number) => ({ name: `y${level}`, dtype: 'FP32', shape: ['n'] }) as const;
  const branch = (level: number): GraphDeclaration => ({
    outputs: [output(level)],
    nodes: [level === depth ? { op: 'Identity', inputs: ['x'], outputs: [`y${level}`] } : choice(level)],
  });
  const choice = (level: number): NodeDeclaration => ({
    op: 'If',
    inputs: ['c'],
    outputs: [`y${level}`],
    attributes: {
      then_branch: { graph: branch(level + 1) },
      else_branch: { graph: { outputs: [output(-1)], nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y-1'] }] } },
    },
  });
  return buildModel({
    inputs: [
      { name: 'c', dtype: 'BOOL', shape: [] },
      { name: 'x', dtype: 'FP32', shape: ['n'] },
    ],
    outputs: [output(0)],
    nodes: [choice(0)],
  });
}

/** `y = -(-( … x))` through `depth` local functions, each calling the next. */
export function nestedFunctionModel(depth: number): Uint8Array {
  const domain = 'jitney.test';
  const call = (level: number, input: string, output: string): NodeDeclaration =>
    level === depth
      ? { op: 'Identity', inputs: [input], outputs: [output] }
      : { op: `f${level}`, domain, inputs: [input], outputs: [output] };
  return buildModel({
    opsets: { [domain]: 1 },
    inputs: [{ name: 'x', dtype: 'FP32', shape: ['n'] }],
    outputs: [{ name: 'y', dtype: 'FP32', shape: ['n'] }],
    nodes: [call(0, 'x', 'y')],
    functions: Array.from({ length: depth }, (_, level) => ({
      name: `f${level}`,
      domain,
      inputs: ['in'],
      outputs: ['out'],
      nodes: [{ op: 'Neg', inputs: ['in'], outputs: ['t'] }, call(level + 1, 't', 'out')],
    })),
  });
}

/** `y = x·w` over and over with a weight of `size`²: a file as large as a test of loading needs. */
export function heavyModel(size: number, layers: number): Uint8Array {
  const weight = (layer: number): Constant => ({
    name: `w${layer}`,
    dtype: 'FP32',
    shape: [size, size],
    data: new Float32Array(size * size).fill(1 / size + layer),
  });
  const name = (layer: number) => (layer === 0 ? 'x' : layer === layers ? 'y' : `t${layer}`);
  return buildModel({
    inputs: [{ name: 'x', dtype: 'FP32', shape: ['n', size] }],
    outputs: [{ name: 'y', dtype: 'FP32', shape: ['n', size] }],
    initializers: Array.from({ length: layers }, (_, layer) => weight(layer)),
    nodes: Array.from({ length: layers }, (_, layer) => ({
      op: 'MatMul',
      inputs: [name(layer), `w${layer}`],
      outputs: [name(layer + 1)],
    })),
  });
}

/** scikit-learn's classifier ending: scores `[n,k]` become a sequence of maps, one a row. */
export function zipMapModel(labels: readonly string[] | readonly bigint[]): Uint8Array {
  const strings = typeof labels[0] === 'string';
  const attribute = strings
    ? { classlabels_strings: { strings: labels as readonly string[] } }
    : { classlabels_int64s: { ints: labels as readonly bigint[] } };
  return buildModel({
    opsets: { 'ai.onnx.ml': 3 },
    inputs: [{ name: 'x', dtype: 'FP32', shape: ['n', labels.length] }],
    outputs: [
      {
        name: 'probabilities',
        type: {
          kind: 'sequence',
          element: {
            kind: 'map',
            keyType: strings ? 8 : 7,
            value: { kind: 'tensor', elementType: 1, shape: [] },
          },
        },
      },
    ],
    nodes: [{ op: 'ZipMap', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['probabilities'], attributes: attribute }],
  });
}

/** Every numeric dtype. */
export const NUMERIC_DTYPES: readonly NumericDtype[] = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'BF16',
  'FP32',
  'FP64',
];

/** Elements that take every bit pattern of the dtype's bytes, from a seed. */
export function bitPatterns(dtype: NumericDtype, length: number, seed: number) {
  const data = createNumericArray(dtype, length);
  const bytes = new Uint8Array(data.buffer);
  let state = seed >>> 0;
  for (let index = 0; index < bytes.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = dtype === 'BOOL' ? (state >>> 24) & 1 : state >>> 24;
  }
  return data;
}
