import { describe, expect, it } from 'vitest';
import { JitneyError } from './errors.js';
import type { Batching, Dimension, Signature, TensorSpec } from './signature.js';
import type { Tensor } from './tensor.js';
import { validateInputs } from './validate-inputs.js';
import { validateOutputs } from './validate-outputs.js';

const ROWS: Batching = { mode: 'rows', maxRows: 4, shared: [], sensitive: false, reason: 'said so' };
const WHOLE: Batching = { mode: 'whole', maxRows: null, reason: 'said so' };
const SINGLE: Batching = { mode: 'whole', maxRows: 1, reason: 'said so' };

function spec(name: string, shape: readonly Dimension[] | null, extra: Partial<TensorSpec> = {}): TensorSpec {
  return { name, dtype: 'FP32', shape, optional: false, ...extra };
}

function signature(...inputs: TensorSpec[]): Signature {
  return { inputs, outputs: [spec('y', ['n', 2]), spec('z', ['n', 2])] };
}

function floats(name: string, shape: readonly number[], count = shape.reduce((a, b) => a * b, 1)): Tensor {
  return { name, dtype: 'FP32', shape, data: new Float32Array(count) };
}

function refusal(check: () => void): string {
  try {
    check();
  } catch (error) {
    expect(error).toBeInstanceOf(JitneyError);
    expect((error as JitneyError).code).toBe('INVALID_ARGUMENT');
    return (error as JitneyError).message;
  }
  return expect.unreachable('nothing was refused');
}

describe('inputs that fit', () => {
  const model = signature(spec('a', ['n', 2]), spec('b', ['n', 2], { optional: true }));

  it('may come in any order, with more rows than the cap', () => {
    validateInputs('m', model, ROWS, [floats('b', [9, 2]), floats('a', [9, 2])]);
  });

  it('may leave out what is optional', () => {
    validateInputs('m', model, ROWS, [floats('a', [1, 2])]);
  });

  it('may have no elements', () => {
    validateInputs('m', signature(spec('a', [null, 2])), WHOLE, [floats('a', [0, 2])]);
  });

  it('may have any shape where the model names none', () => {
    validateInputs('m', signature(spec('a', null)), WHOLE, [floats('a', [])]);
    validateInputs('m', signature(spec('a', null)), WHOLE, [floats('a', [1, 2, 3])]);
  });

  it('need not have equal rows where one of them is shared', () => {
    const shared: Batching = { ...ROWS, shared: ['b'] };
    validateInputs('m', signature(spec('a', ['n', 2]), spec('b', [3])), shared, [
      floats('a', [2, 2]),
      floats('b', [3]),
    ]);
  });
});

describe('names', () => {
  const model = signature(spec('a', ['n', 2]), spec('b', ['n', 2]));

  it('a missing input is named', () => {
    expect(refusal(() => validateInputs('m', model, ROWS, [floats('a', [1, 2])]))).toBe(
      "expected 2 inputs but got 1 inputs for model 'm'. Got input(s) ['a'], but missing required input(s) ['b']. " +
        'Please provide all required input(s).',
    );
  });

  it('all missing inputs are named, and the count says which are optional', () => {
    const three = signature(spec('a', ['n']), spec('b', ['n']), spec('c', ['n'], { optional: true }));
    expect(refusal(() => validateInputs('m', three, ROWS, []))).toContain(
      "expected number of inputs between 2 and 3 but got 0 inputs for model 'm'. Got input(s) [], " +
        "but missing required input(s) ['a','b'].",
    );
  });

  it('an unknown input is named with the known ones', () => {
    const tensors = [floats('a', [1, 2]), floats('b', [1, 2]), floats('c', [1, 2])];
    expect(refusal(() => validateInputs('m', model, ROWS, tensors))).toBe(
      "unexpected inference input 'c' for model 'm'. It takes 'a', 'b'.",
    );
  });

  it('a repeated input is said to be there twice', () => {
    const tensors = [floats('a', [1, 2]), floats('b', [1, 2]), floats('a', [1, 2])];
    expect(refusal(() => validateInputs('m', model, ROWS, tensors))).toBe(
      "input 'a' already exists in request for model 'm': it is given twice",
    );
  });

  it.each(['__proto__', 'constructor', 'toString'])('%s is a name like any other', (name) => {
    expect(refusal(() => validateInputs('m', model, ROWS, [floats(name, [1, 2])]))).toContain(`input '${name}'`);
    validateInputs('m', signature(spec(name, ['n'])), ROWS, [floats(name, [1])]);
  });
});

describe('dtypes and shapes', () => {
  it('another dtype is refused with both', () => {
    const tensor: Tensor = { name: 'a', dtype: 'INT64', shape: [1], data: new BigInt64Array(1) };
    expect(refusal(() => validateInputs('m', signature(spec('a', ['n'])), ROWS, [tensor]))).toBe(
      "inference input 'a' data-type is 'INT64', but model 'm' expects 'FP32'",
    );
  });

  it('another rank is refused with both shapes, and tells how one row is sent', () => {
    const tensor = floats('a', [238]);
    expect(refusal(() => validateInputs('m', signature(spec('a', ['n', 238])), ROWS, [tensor]))).toBe(
      "unexpected shape for input 'a' for model 'm'. Expected [-1,238], got [238]. " +
        'The first dimension counts rows: for one row send [1,238].',
    );
  });

  it.each([
    { expected: [null, 3], got: [1, 4] },
    { expected: [2, 3], got: [1, 3] },
    { expected: [], got: [1] },
    { expected: [3], got: [] },
  ])('$got is not $expected', ({ expected, got }) => {
    expect(refusal(() => validateInputs('m', signature(spec('a', expected)), WHOLE, [floats('a', got)]))).toContain(
      `unexpected shape for input 'a' for model 'm'. Expected [${expected.map((d) => d ?? -1)}], got [${got}].`,
    );
  });

  it('several rows for a model of one row a run are refused as a batch size', () => {
    const model = signature(spec('a', [1, 3]));
    expect(refusal(() => validateInputs('m', model, SINGLE, [floats('a', [2, 3])]))).toContain(
      "inference request batch-size must be <= 1 for 'm'",
    );
    expect(refusal(() => validateInputs('m', model, SINGLE, [floats('a', [2, 4])]))).toContain('unexpected shape');
    validateInputs('m', model, SINGLE, [floats('a', [1, 3])]);
  });

  it('inputs with different numbers of rows are refused', () => {
    const model = signature(spec('a', ['n', 2]), spec('b', ['n', 2]));
    expect(refusal(() => validateInputs('m', model, ROWS, [floats('a', [1, 2]), floats('b', [2, 2])]))).toBe(
      "input 'b' batch size does not match other inputs for 'm': it has 2 rows, 'a' has 1",
    );
  });
});

describe('element counts', () => {
  it('numbers are counted in bytes', () => {
    const tensor = floats('a', [2, 4], 10);
    expect(refusal(() => validateInputs('m', signature(spec('a', ['n', 4])), ROWS, [tensor]))).toBe(
      "input byte size mismatch for input 'a' for model 'm'. Expected 32, got 40",
    );
  });

  it('strings are counted as elements', () => {
    const tensor: Tensor = { name: 'a', dtype: 'BYTES', shape: [59], data: [new Uint8Array(59)] };
    const model = signature(spec('a', ['n'], { dtype: 'BYTES' }));
    expect(refusal(() => validateInputs('m', model, ROWS, [tensor]))).toBe(
      "expected 59 string elements for inference input 'a' for model 'm', got 1",
    );
  });
});

describe('requested outputs', () => {
  const model = signature(spec('a', ['n']));

  it('may be any of the model, in any order', () => {
    validateOutputs('m', model, ['z', 'y']);
    validateOutputs('m', model, []);
  });

  it('an unknown output is named with the known ones', () => {
    expect(refusal(() => validateOutputs('m', model, ['y', 'w']))).toBe(
      "unexpected inference output 'w' for model 'm'. It gives 'y', 'z'.",
    );
  });

  it('an output asked for twice is refused', () => {
    expect(refusal(() => validateOutputs('m', model, ['y', 'y']))).toBe("output 'y' already exists in request");
  });
});
