import type { Batching, Dtype, Tensor, TensorData } from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compatibilityOf } from './compatibility.js';
import { ROWS, tensorOf, WHOLE } from './testing/entries.js';

const SHARED: Batching = { ...ROWS, shared: ['s'] } as Batching;

const tensor = (name: string, dtype: Dtype, shape: readonly number[], data: TensorData): Tensor => ({
  name,
  dtype,
  shape,
  data,
});

const x = tensorOf([1]);
const floats = (shape: readonly number[], ...values: number[]) => [
  x,
  tensor('s', 'FP32', shape, Float32Array.from(values)),
];
const texts = (...values: string[]) => [
  x,
  tensor(
    's',
    'BYTES',
    [values.length],
    values.map((value) => Buffer.from(value)),
  ),
];

function agree(a: readonly Tensor[], b: readonly Tensor[], batching = SHARED): boolean {
  const key = compatibilityOf(a, batching);
  return key !== null && key === compatibilityOf(b, batching);
}

describe('entries may share a run', () => {
  it('whatever their values and numbers of rows', () => {
    expect(agree([tensorOf([1, 2, 3])], [tensorOf([4])])).toBe(true);
  });

  it('with equal shared inputs, where those lie in memory aside', () => {
    const view = new Float32Array([9, 1, 2]).subarray(1);
    expect(agree(floats([2], 1, 2), [x, tensor('s', 'FP32', [2], view)])).toBe(true);
  });
});

describe('entries may not share a run', () => {
  it.each<[string, readonly Tensor[], readonly Tensor[]]>([
    ['with other names', [tensorOf([1])], [tensorOf([1], { name: 'y' })]],
    ['with other inputs left out', [x, tensorOf([1], { name: 'y' })], [x]],
    ['with other dtypes', [x], [tensor('x', 'INT32', [1, 1], new Int32Array(1))]],
    ['with other inner shapes', [tensorOf([1, 2], { width: 2 })], [tensorOf([1])]],
    [
      'with inner shapes of as many elements',
      [tensor('x', 'FP32', [1, 2, 3], new Float32Array(6))],
      [tensor('x', 'FP32', [1, 3, 2], new Float32Array(6))],
    ],
    ['of other ranks', [tensor('x', 'FP32', [1], new Float32Array(1))], [x]],
    ['with other shared values', floats([2], 1, 2), floats([2], 1, 3)],
    ['with shared zeros of other signs', floats([1], 0), floats([1], -0)],
    ['with shared inputs of no elements but other shapes', floats([2, 0]), floats([3, 0])],
    ['with other shared shapes', floats([1, 2], 1, 2), floats([2, 1], 1, 2)],
    [
      'with large shared values that differ in the last',
      floats([100], ...Array(100).fill(1)),
      floats([100], ...Array(99).fill(1), 2),
    ],
    ['with shared texts cut elsewhere', texts('ab', 'c'), texts('a', 'bc')],
    ['with long shared texts cut elsewhere', texts('a'.repeat(50), 'a'), texts('a', 'a'.repeat(50))],
    [
      'with a name that reads as another with its shape',
      [tensorOf([1], { name: 'xFP32,1;y' })],
      [x, tensorOf([1], { name: 'y' })],
    ],
  ])('%s', (_, a, b) => {
    expect(agree(a, b)).toBe(false);
    expect(agree(a, a)).toBe(true);
  });

  it.each<[string, readonly Tensor[], Batching]>([
    ['where the model shares none', [x], WHOLE],
    ['without a first dimension', [tensor('x', 'FP32', [], new Float32Array(1))], ROWS],
    ['with tensors that disagree in their rows', [x, tensorOf([1, 2], { name: 'y' })], ROWS],
    ['without rows', [tensorOf([])], ROWS],
    ['with shared inputs alone', [tensor('s', 'FP32', [1], new Float32Array(1))], SHARED],
    ['without inputs', [], ROWS],
  ])('%s', (_, tensors, batching) => {
    expect(compatibilityOf(tensors, batching)).toBeNull();
  });

  it('unless their shared values are equal bit for bit', () => {
    const bits = fc.array(fc.nat(3), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(bits, bits, (a, b) => {
        const [one, other] = [a, b].map((values) => [
          x,
          tensor('s', 'INT64', [-1], BigInt64Array.from(values, BigInt)),
        ]);
        expect(agree(one as Tensor[], other as Tensor[])).toBe(`${a}` === `${b}`);
      }),
    );
  });
});
