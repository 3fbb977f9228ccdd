import type { Tensor } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import type { RunOptions } from './run-plan.js';
import { RunPlanner } from './run-plan.js';
import { bytes, fp32, int64 } from './testing/tensors.js';
import type { Value, ValueSpec } from './value.js';

const INPUTS: readonly ValueSpec[] = [
  { name: 'image', kind: 'tensor', dtype: 'FP32', shape: ['batch', 3], optional: false },
  { name: 'label', kind: 'tensor', dtype: 'BYTES', shape: ['batch'], optional: false },
  { name: 'scale', kind: 'tensor', dtype: 'FP32', shape: [], optional: true },
];
const OUTPUTS: readonly ValueSpec[] = [
  { name: 'score', kind: 'tensor', dtype: 'FP32', shape: ['batch', 2], optional: false },
  { name: 'text', kind: 'tensor', dtype: 'BYTES', shape: ['batch'], optional: false },
];

const image = fp32('image', [1, 3], 1, 2, 3);
const label = bytes('label', [1], 'a');

const planner = new RunPlanner(INPUTS, OUTPUTS);
const plan = (feeds: unknown, options: object = {}) => planner.plan(feeds as Value[], options as RunOptions);
const refusal = (feeds: unknown, options?: object): string => {
  try {
    plan(feeds, options);
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    return (error as Error).message;
  }
  throw new Error('was not refused');
};

describe('inputs that fit', () => {
  it("are put in the model's order, whatever order they came in", () => {
    expect(plan([label, image]).inputs).toEqual([image, label, null]);
    const scale = fp32('scale', [], 2);
    expect(plan([scale, label, image]).inputs).toEqual([image, label, scale]);
  });

  it('may be empty', () => {
    expect(plan([fp32('image', [0, 3]), bytes('label', [0])]).inputs).toHaveLength(3);
  });
});

describe('inputs that do not fit', () => {
  const swap = (change: Partial<Record<keyof Tensor, unknown>>) => refusal([{ ...image, ...change }, label]);

  it('a missing one is named', () => {
    expect(refusal([image])).toBe('Input "label" is missing.');
    expect(refusal([])).toBe('Inputs "image", "label" are missing.');
  });

  it('an unknown one is named, with those that the model has', () => {
    const message = refusal([image, label, fp32('imgae', [1, 3], 1, 2, 3)]);
    expect(message).toBe('There is no input "imgae". The model has "image", "label", "scale".');
    expect(refusal([image, label, fp32('__proto__', [1], 1)])).toContain('There is no input "__proto__"');
    expect(refusal([image, null])).toContain('a tensor needs a name');
    expect(refusal([image, {}])).toContain('a tensor needs a name');
  });

  it('one given twice is named', () => {
    expect(refusal([image, label, image])).toBe('Input "image" is given twice.');
  });

  it('a wrong dtype is named with the right one', () => {
    expect(swap({ dtype: 'INT64' })).toBe('Input "image" must be FP32, got INT64.');
    expect(swap({ dtype: undefined })).toContain('must be FP32, got undefined');
  });

  it('data of another kind than the dtype needs never reaches native code', () => {
    const needs = 'Input "image" (FP32) needs its data as Float32Array.';
    for (const data of [[1, 2, 3], new Float64Array(3), new Uint8Array(12), 'abc', null, undefined, { length: 3 }]) {
      expect(swap({ data })).toBe(needs);
    }
    expect(swap({ data: new DataView(new ArrayBuffer(12)) })).toBe(needs);
    expect(swap({ data: new Float32Array(3).buffer })).toBe(needs);
    for (const data of [['a'], [null], [Uint8Array.of(1), 'b'], new Uint8Array(1), [new Uint16Array(1)]]) {
      expect(refusal([image, { ...label, data }])).toBe('Input "label" (BYTES) needs its data as array of Uint8Array.');
    }
    // biome-ignore lint/suspicious/noSparseArray: the hole is the case
    expect(refusal([image, { ...label, shape: [2], data: [Uint8Array.of(1), ,] }])).toContain('array of Uint8Array');
  });

  it('a wrong rank or a wrong size is shown beside the right shape', () => {
    expect(swap({ shape: [3] })).toBe('Input "image" must have shape [batch,3] (2 dimensions), got [3] (1).');
    expect(swap({ shape: [3, 1] })).toContain('must have shape [batch,3]');
    expect(swap({ shape: [] })).toContain('got [] (0)');
    expect(refusal([image, label, fp32('scale', [1], 1)])).toContain('Input "scale" must have shape [] (0 dimensions)');
  });

  it('sizes that are no sizes are refused', () => {
    for (const size of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', null, 1n]) {
      expect(swap({ shape: [size, 3] })).toContain('at axis 0 of its shape');
    }
    for (const shape of [undefined, null, 3, '1,3', { length: 2 }]) expect(swap({ shape })).toContain('has no shape');
  });

  it('a count that differs from the shape is refused, also where the product is beyond every number', () => {
    expect(swap({ shape: [2, 3] })).toBe('Input "image" of shape [2,3] needs 6 elements, but its data has 3.');
    expect(swap({ shape: [2 ** 52, 3] })).toContain('needs');
    const any = new RunPlanner([{ ...(INPUTS[0] as ValueSpec), shape: null } as ValueSpec], OUTPUTS);
    const huge = { ...image, shape: new Array(40).fill(2 ** 40) };
    expect(() => any.plan([huge], {})).toThrow(/needs Infinity elements/);
  });

  it('an array that was transferred away is empty, so it is refused', () => {
    const data = Float32Array.of(1, 2, 3);
    structuredClone(data, { transfer: [data.buffer] });
    expect(swap({ data })).toContain('its data has 0');
  });

  it('something other than a list is refused', () => {
    for (const feeds of [undefined, null, {}, 'image', image]) expect(refusal(feeds)).toContain('must be a list');
  });

  it('a value of another kind is refused', () => {
    expect(refusal([{ name: 'image', kind: 'sequence', items: [] }, label])).toBe(
      'Input "image" must be a tensor(FP32)[batch,3], got a sequence.',
    );
  });
});

describe('the outputs wanted', () => {
  const outputs = (names: unknown) => ({ outputs: names });

  it('are all, unless some are named', () => {
    expect(plan([image, label]).outputs).toEqual([0, 1]);
    expect(plan([image, label], outputs(['text', 'score'])).outputs).toEqual([1, 0]);
  });

  it('must exist, once, and be at least one', () => {
    expect(refusal([image, label], outputs(['scroe']))).toBe(
      'There is no output "scroe". The model has "score", "text".',
    );
    expect(refusal([image, label], outputs(['text', 'text']))).toContain('twice');
    expect(refusal([image, label], outputs([]))).toContain('at least one');
    expect(refusal([image, label], outputs('score'))).toContain('at least one');
  });

  it('of a model with many are named in part', () => {
    const many = Array.from({ length: 200 }, (_, index) => ({ ...(OUTPUTS[0] as ValueSpec), name: `y${index}` }));
    expect(() => new RunPlanner(INPUTS, many).plan([image, label], { outputs: ['z'] })).toThrow(/"y19", 180 more\.$/);
  });
});

describe('memory given for outputs', () => {
  const score = fp32('score', [1, 2], 0, 0);

  it('is put beside its output', () => {
    expect(plan([image, label], { into: [score] }).into).toEqual([score, null]);
    expect(plan([image, label], { into: [score], outputs: ['text', 'score'] }).into).toEqual([null, score]);
  });

  it('is checked like an input', () => {
    const into = (tensor: unknown) => refusal([image, label], { into: [tensor] });
    expect(into(fp32('scroe', [1, 2], 0, 0))).toContain('There is no output "scroe"');
    expect(into(int64('score', [1, 2], 0, 0))).toBe('Output "score" must be FP32, got INT64.');
    expect(into(fp32('score', [1, 3], 0, 0, 0))).toContain('Output "score" must have shape [batch,2]');
    expect(into({ ...score, shape: [2, 2] })).toContain('needs 4 elements');
    expect(into(bytes('text', [1], 'a'))).toContain('only tensors of numbers can');
    expect(into(undefined)).toContain('a tensor needs a name');
    expect(refusal([image, label], { into: [score, score] })).toContain('"score" twice');
    expect(refusal([image, label], { into: [score], outputs: ['text'] })).toContain('does not ask for');
    expect(refusal([image, label], { into: score })).toContain('into must be a list');
  });
});
