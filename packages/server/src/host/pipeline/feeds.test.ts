import type { Batching, Feeds, Signature, TensorSpec } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import { ROWS } from '../testing/doubling-model.js';
import { tensorsFromFeeds } from './feeds.js';

const spec = (name: string, dtype: TensorSpec['dtype'], shape: TensorSpec['shape'], optional = false): TensorSpec => ({
  name,
  dtype,
  shape,
  optional,
});
const taking = (...inputs: TensorSpec[]): Signature => ({ inputs, outputs: [] });
const from = (feeds: unknown, ...inputs: TensorSpec[]) => tensorsFromFeeds(feeds as Feeds, taking(...inputs), ROWS);
const dataOf = (feed: unknown, dtype: TensorSpec['dtype']) => from({ x: feed }, spec('x', dtype, ['n']))[0]?.data;

describe('a flat feed', () => {
  it.each([
    [['n', 3], 6, [2, 3]],
    [['n', 3], 3, [1, 3]],
    [['n', 3], 0, [0, 3]],
    [[null, 2, 2], 8, [2, 2, 2]],
    [['batch', 'tokens'], 5, [1, 5]],
    [['batch', 2, 'time'], 6, [1, 2, 3]],
    [[2, 'n'], 8, [2, 4]],
    [[4], 4, [4]],
    [[], 1, []],
    [null, 7, [7]],
  ])('for an input %j of %d values takes the shape %j', (shape, count, expected) => {
    const feed = Float32Array.from({ length: count });
    expect(from({ x: feed }, spec('x', 'FP32', shape as TensorSpec['shape']))[0]?.shape).toEqual(expected);
  });

  it.each([
    [['n', 3], 4, /'x' takes a multiple of 3 values, got 4/],
    [[3], 4, /'x' takes 3 values, got 4/],
    [['n', 'h', 'w'], 12, /'x' has several free dimensions: give it as \{ shape, data \}/],
    [[2, 'h', 'w'], 12, /'x' has several free dimensions/],
  ])('for an input %j of %d values is refused', (shape, count, message) => {
    const feed = Float32Array.from({ length: count });
    expect(() => from({ x: feed }, spec('x', 'FP32', shape as TensorSpec['shape']))).toThrow(message);
  });
});

describe('a feed with its shape', () => {
  it('keeps it', () => {
    const [x] = from({ x: { shape: [2, 1, 2], data: [1, 2, 3, 4] } }, spec('x', 'FP32', ['n', 'h', 'w']));
    expect(x).toEqual({ name: 'x', dtype: 'FP32', shape: [2, 1, 2], data: Float32Array.of(1, 2, 3, 4) });
  });

  it.each([
    [[2, 2], /shape \[2,2\] has 4 elements, got 6/],
    [[6], /'x' has the shape \[-1,-1\], got \[6\]/],
    [[-2, -3], /'x' has the shape \[-1,-1\], got \[-2,-3\]/],
    [[1.5, 4], /got \[1.5,4\]/],
    ['2,3', /'x' has the shape \[-1,-1\], got string/],
  ])('%j is refused where it does not fit', (shape, message) => {
    const feed = { shape, data: [1, 2, 3, 4, 5, 6] };
    expect(() => from({ x: feed }, spec('x', 'FP32', ['n', 'm']))).toThrow(message);
  });

  it('is refused where a fixed dimension is another', () => {
    const feed = { shape: [1, 4], data: [1, 2, 3, 4] };
    expect(() => from({ x: feed }, spec('x', 'FP32', ['n', 3]))).toThrow(/'x' has the shape \[-1,3\], got \[1,4\]/);
  });
});

describe('the set of feeds', () => {
  it('comes out in the order of the model, and may lack what has a default', () => {
    const tensors = from(
      { b: [2], a: [1] },
      spec('a', 'FP32', ['n']),
      spec('b', 'FP32', ['n']),
      spec('c', 'FP32', ['n'], true),
    );
    expect(tensors.map((tensor) => tensor.name)).toEqual(['a', 'b']);
  });

  it.each([
    [{ y: [1] }, /unknown input 'y'; the model has x/],
    [{}, /input 'x' is missing/],
    [{ x: undefined }, /input 'x' is missing/],
    [{ x: null }, /'x' must be numbers, strings or \{ shape, data \}, got null/],
    [{ x: 'five' }, /'x' must be numbers, strings or \{ shape, data \}, got string/],
    [{ x: { data: [1] } }, /'x' must be numbers, strings or \{ shape, data \}, got an object/],
    [{ x: { shape: [1], data: new Map() } }, /got Map/],
    [undefined, /expected an object with a value for each input, got undefined/],
    [null, /expected an object .* got null/],
    [[1, 2], /expected an object .* got an array/],
    [Float32Array.of(1), /expected an object .* got Float32Array/],
  ])('%j is refused by name', (feeds, message) => {
    expect(() => from(feeds, spec('x', 'FP32', ['n']))).toThrow(message);
  });

  it('has as many rows in each, but for what all rows share', () => {
    const inputs = [spec('a', 'FP32', ['n']), spec('b', 'FP32', ['m'])] as const;
    const feeds = { a: [1], b: [1, 2] };
    expect(() => from(feeds, ...inputs)).toThrow(/input 'b' has 2 rows, 'a' has 1/);
    const shared: Batching = { ...ROWS, shared: ['b'] } as Batching;
    expect(tensorsFromFeeds(feeds, taking(...inputs), shared)).toHaveLength(2);
    const whole: Batching = { mode: 'whole', maxRows: null, reason: '' };
    expect(tensorsFromFeeds(feeds, taking(...inputs), whole)).toHaveLength(2);
  });

  it('never takes a value that only the prototype has', () => {
    const feeds = Object.create({ x: [1] });
    expect(() => from(feeds, spec('x', 'FP32', ['n']))).toThrow(/input 'x' is missing/);
  });
});

describe('elements', () => {
  it.each([
    ['BOOL', [true, false, 1, 0], Uint8Array.of(1, 0, 1, 0)],
    ['UINT8', [0, 255], Uint8Array.of(0, 255)],
    ['INT8', [-128, 127], Int8Array.of(-128, 127)],
    ['INT32', [1n, -2], Int32Array.of(1, -2)],
    ['INT64', [1, 2n ** 62n, '-9223372036854775808'], BigInt64Array.of(1n, 2n ** 62n, -(2n ** 63n))],
    ['UINT64', ['18446744073709551615'], BigUint64Array.of(2n ** 64n - 1n)],
    ['FP16', [1, null], Uint16Array.of(0x3c00, 0x7e00)],
    ['BF16', [1], Uint16Array.of(0x3f80)],
    ['FP32', [1.5, null, 2n], Float32Array.of(1.5, Number.NaN, 2)],
    ['FP64', Float32Array.of(0.5), Float64Array.of(0.5)],
    ['BYTES', ['é', ''], [Uint8Array.of(0xc3, 0xa9), new Uint8Array()]],
  ] as const)('of %s are read', (dtype, feed, expected) => {
    expect(dataOf(feed, dtype)).toEqual(expected);
  });

  it.each([
    ['BOOL', [2], /element 0 is 2/],
    ['UINT8', [0, -1], /element 1 is -1/],
    ['INT16', [1.5], /element 0 is 1.5/],
    ['INT32', [null], /element 0 is null/],
    ['INT64', [2 ** 53], /element 0 is 9007199254740992, which a JSON number may not hold exactly: give it as text/],
    ['INT64', ['9223372036854775808'], /element 0 is "9223372036854775808"/],
    ['INT64', ['1.0'], /element 0 is "1.0"/],
    ['UINT64', [-1], /element 0 is -1/],
    ['FP32', ['1'], /'x' is FP32: element 0 is "1"/],
    ['FP32', [1, [2]], /element 1 is an array/],
    ['FP16', [{}], /element 0 is an object/],
    ['FP64', [Object.create(null)], /element 0 is an object/],
    ['BYTES', [5], /'x' takes strings, got number/],
  ] as const)('of %s are refused where they do not fit', (dtype, feed, message) => {
    expect(() => dataOf(feed, dtype)).toThrow(message);
  });

  it('are copied, since own code may fill its array again while they wait', () => {
    const scratch = Float32Array.of(1, 2);
    const data = dataOf(scratch, 'FP32');
    scratch.fill(9);
    expect(data).toEqual(Float32Array.of(1, 2));
  });
});
