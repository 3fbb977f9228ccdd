import type { TensorSpec } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import { exampleOf } from './example.js';

const spec = (name: string, dtype: TensorSpec['dtype'], shape: TensorSpec['shape'], optional = false): TensorSpec => ({
  name,
  dtype,
  shape,
  optional,
});

describe('the example of a model without own code', () => {
  it('is one row of zeros, in the form that /predict takes', () => {
    const inputs = [
      spec('x', 'FP32', ['n', 3]),
      spec('s', 'BYTES', [null, 1]),
      spec('b', 'BOOL', []),
      spec('any', 'INT64', null),
    ];
    expect(exampleOf({ inputs, outputs: [] })).toEqual({ x: [[0, 0, 0]], s: [['']], b: false, any: [0] });
  });
  it('leaves out what may be left out', () => {
    expect(exampleOf({ inputs: [spec('lo', 'FP32', [], true)], outputs: [] })).toEqual({});
  });
  it('is none for what nobody would read', () => {
    expect(exampleOf({ inputs: [spec('image', 'FP32', ['n', 3, 224, 224])], outputs: [] })).toBeNull();
  });
});
