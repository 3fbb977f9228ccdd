import type { Signature, Tensor, TensorSpec } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import { ROWS } from '../testing/doubling-model.js';
import { createTensorPipeline } from './tensor.js';

const spec = (name: string, dtype: TensorSpec['dtype'], shape: TensorSpec['shape'], optional = false): TensorSpec => ({
  name,
  dtype,
  shape,
  optional,
});
const signature = (...inputs: TensorSpec[]): Signature => ({ inputs, outputs: [] });
const context = { requestId: 'r', parameters: {}, signal: new AbortController().signal };

async function encode(of: Signature, input: unknown): Promise<readonly Tensor[]> {
  return (await createTensorPipeline({ signature: of, batching: ROWS }).encode(input, context)).tensors;
}

describe('inputs of a model without own code', () => {
  const one = signature(spec('x', 'FP32', ['n', 3]));

  it('are nested arrays by name; the nesting is the shape', async () => {
    const [x] = await encode(one, {
      x: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    });
    expect(x).toEqual({ name: 'x', dtype: 'FP32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  });
  it('need no name where the model takes one input', async () => {
    const [x] = await encode(one, [[1, 2, 3]]);
    expect(x?.shape).toEqual([1, 3]);
  });
  it('fill the rows of the model where they are flat', async () => {
    const [x] = await encode(one, { x: [1, 2, 3, 4, 5, 6] });
    expect(x?.shape).toEqual([2, 3]);
  });
  it('hold strings, integers beyond 2^53 given as such, booleans and null for NaN', async () => {
    const mixed = signature(
      spec('s', 'BYTES', ['n', 1]),
      spec('b', 'BOOL', ['n']),
      spec('f', 'FP64', ['n']),
      spec('i', 'INT64', ['n']),
    );
    const tensors = await encode(mixed, { s: ['é'], b: [true], f: [null], i: [9007199254740991] });
    expect(tensors.map((tensor) => tensor.data)).toEqual([
      [Uint8Array.of(0xc3, 0xa9)],
      Uint8Array.of(1),
      Float64Array.of(Number.NaN),
      BigInt64Array.of(9007199254740991n),
    ]);
  });
  it('may leave out what the model has a default for', async () => {
    expect(await encode(signature(spec('x', 'FP32', ['n']), spec('lo', 'FP32', [], true)), { x: [1] })).toHaveLength(1);
  });

  it.each([
    [{ y: [1] }, /unknown input 'y'; the model has x/],
    [{}, /input 'x' is missing/],
    [undefined, /'inputs' must be an object with 'x'/],
    [
      {
        x: [
          [1, 2, 3],
          [4, 5],
        ],
      },
      /'x' is ragged/,
    ],
    [{ x: [[1, 2, 3], 4] }, /'x' is ragged/],
    [{ x: [1, 2] }, /'x' takes a multiple of 3 values, got 2/],
    [{ x: [['a', 'b', 'c']] }, /'x' is FP32: element 0 is "a"/],
  ])('are refused by name: %j', async (input, message) => {
    await expect(encode(one, input)).rejects.toThrow(message);
  });
  it('are refused where an integer is none or does not fit', async () => {
    const bytes = signature(spec('u', 'UINT8', ['n']));
    await expect(encode(bytes, { u: [1.5] })).rejects.toThrow(/'u' is UINT8: element 0 is 1.5/);
    await expect(encode(bytes, { u: [0, 256] })).rejects.toThrow(/element 1 is 256/);
  });
});

describe('the answer of a model without own code', () => {
  const decode = (tensor: Tensor) =>
    createTensorPipeline({ signature: signature(), batching: ROWS }).decode([tensor], null, context);

  it('holds nested arrays by output name', async () => {
    const answer = await decode({ name: 'y', dtype: 'FP32', shape: [2, 1, 2], data: Float32Array.of(1, 2, 3, 4) });
    expect(answer).toEqual({ outputs: { y: [[[1, 2]], [[3, 4]]] } });
  });
  it('holds a scalar as a value', async () => {
    expect(await decode({ name: 'y', dtype: 'INT64', shape: [], data: BigInt64Array.of(7n) })).toEqual({
      outputs: { y: 7 },
    });
  });
  it('holds null for what JSON has no number for, and names it', async () => {
    const data = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, 1);
    expect(await decode({ name: 'y', dtype: 'FP32', shape: [3], data })).toEqual({
      outputs: { y: [null, null, 1] },
      nonFinite: [
        { output: 'y', element: 0, value: 'NaN' },
        { output: 'y', element: 1, value: 'Infinity' },
      ],
    });
  });
  it('keeps integers exact: as text beyond 2^53', async () => {
    const data = BigInt64Array.of(9007199254740993n);
    expect(await decode({ name: 'y', dtype: 'INT64', shape: [1], data })).toEqual({
      outputs: { y: ['9007199254740993'] },
    });
  });
});
