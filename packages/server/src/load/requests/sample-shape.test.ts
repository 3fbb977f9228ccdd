import { describe, expect, it } from 'vitest';
import { sampleShape } from './sample-shape.js';

const shape = (free: readonly number[], shapes: Readonly<Record<string, readonly number[]>> = {}) =>
  sampleShape({ name: 'x', datatype: 'FP32', shape: free }, { rows: 2, shapes });

describe('free dimensions', () => {
  it.each([
    ['rows', [-1, 30], [2, 30]],
    ['the tokens of a sentence', [-1, -1], [2, 32]],
    ['a picture, channels first', [-1, 3, -1, -1], [2, 3, 224, 224]],
    ['a picture of any channels', [-1, -1, -1, -1], [2, 3, 224, 224]],
    ['a picture, channels last', [-1, -1, -1, 3], [2, 224, 224, 3]],
    ['nothing that is fixed', [1, 80, 3000], [1, 80, 3000]],
    ['nothing of a scalar', [], []],
  ])('become %s', (_what, free, expected) => {
    expect(shape(free)).toEqual(expected);
  });
});

describe('a wished shape', () => {
  it('wins', () => {
    expect(shape([-1, 3, -1, -1], { x: [1, 3, 64, 48] })).toEqual([1, 3, 64, 48]);
  });

  it.each([[[1, 4, 64, 48]], [[1, 3, 64]], [[1, 3, 100_000, 100_000]]])(
    '%j of [-1, 3, -1, -1] is refused',
    (wished) => {
      expect(() => shape([-1, 3, -1, -1], { x: wished })).toThrow(/--shape x:1,/);
    },
  );
});
