import { defineModel, JitneyError, type ModelDefinition, type RequestContext, type Tensor } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { doubling, ROWS, SIGNATURE } from '../testing/doubling-model.js';
import { createScriptPipeline, ParsedInput, validateItem } from './script.js';

const context: RequestContext = { requestId: 'r-1', parameters: { top: 3 }, signal: new AbortController().signal };
const MODEL = { signature: SIGNATURE, batching: ROWS };
const silent = { info() {}, warn() {}, error() {} };
const pipelineOf = (definition: unknown) => createScriptPipeline(definition as ModelDefinition, MODEL, () => silent);
const tensor = (...values: number[]): Tensor => ({
  name: 'y',
  dtype: 'FP32',
  shape: [values.length, 1],
  data: Float32Array.from(values),
});

describe('an item on its way in', () => {
  it('is parsed, then turned into rows in the dtype of the model', async () => {
    const { tensors, carry, cost } = await pipelineOf(doubling).encode({ value: 21, more: true }, context);
    expect(tensors).toEqual([{ name: 'x', dtype: 'FP32', shape: [1, 1], data: Float32Array.of(21) }]);
    expect([carry, cost]).toEqual([{ value: 21 }, undefined]);
  });

  it('that the schema has passed already is not parsed again', async () => {
    let parses = 0;
    const input = z.number().transform((value) => {
      parses += 1;
      return -value;
    });
    const pipeline = pipelineOf({ ...doubling, input, preprocess: (value: number) => ({ x: [value] }) });
    expect((await pipeline.encode(new ParsedInput(-5), context)).tensors[0]?.data).toEqual(Float32Array.of(-5));
    expect(parses).toBe(0);
    await pipeline.encode(5, context);
    expect(parses).toBe(1);
  });

  it('may be several rows', async () => {
    const pipeline = pipelineOf({ ...doubling, preprocess: () => ({ x: [1, 2, 3] }) });
    expect((await pipeline.encode({ value: 1 }, context)).tensors[0]?.shape).toEqual([3, 1]);
  });

  it('that does not fit is refused with what the schema found, by place', async () => {
    const input = z.object({ a: z.object({ b: z.string() }), c: z.number().max(3, 'at most 3') });
    const refused = pipelineOf({ ...doubling, input }).encode({ a: { b: 5 }, c: 4 }, context);
    await expect(refused).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^the input does not fit: a\.b: .*expected string.*; c: at most 3$/),
    });
  });

  it('with many mistakes is refused with the first of them', async () => {
    const refused = pipelineOf({ ...doubling, input: z.array(z.string()) }).encode(new Array(9).fill(1), context);
    await expect(refused).rejects.toThrow(/0: .*; 4: [^;]*; and 4 more$/);
  });

  it('that preprocess calls invalid is the mistake of the client', async () => {
    await expect(pipelineOf(doubling).encode({ value: 13 }, context)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: '13 brings bad luck',
    });
  });

  it('is told the request, its parameters and a log', async () => {
    const seen: unknown[] = [];
    const log = { ...silent, info: (text: string) => seen.push(text) };
    const preprocess: (typeof doubling)['preprocess'] = (_input, given) => {
      given.log.info('hello');
      seen.push(given.requestId, given.parameters, given.signal);
      return { x: [1] };
    };
    const definition = { ...doubling, preprocess } as ModelDefinition;
    await createScriptPipeline(definition, MODEL, () => log).encode({ value: 1 }, context);
    expect(seen).toEqual(['hello', 'r-1', { top: 3 }, context.signal]);
  });
});

describe('what own code does wrong on the way in', () => {
  const encode = (changes: Record<string, unknown>) =>
    pipelineOf({ ...doubling, ...changes }).encode({ value: 1 }, context);

  it.each([
    [
      'throws',
      () => {
        throw new RangeError('too far');
      },
      /^preprocess of the model's own code failed: too far$/,
    ],
    [
      'throws a text',
      () => {
        throw 'no';
      },
      /failed: no$/,
    ],
    ['rejects', () => Promise.reject(new Error('later')), /failed: later$/],
    ['returns nothing', () => undefined, /failed: expected an object with a value for each input, got undefined$/],
    ['forgets an input', () => ({}), /failed: input 'x' is missing$/],
    ['names another input', () => ({ x: [1], z: [1] }), /failed: unknown input 'z'; the model has x$/],
    [
      'returns another shape',
      () => ({ x: { shape: [1], data: [1] } }),
      /failed: input 'x' has the shape \[-1,1\], got \[1\]$/,
    ],
  ])('is a fault of its own where it %s', async (_what, preprocess, message) => {
    const failed = encode({ preprocess });
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toMatchObject({ code: 'USER_CODE_ERROR', cause: expect.any(Error) });
  });

  it('is a fault of its own where the schema throws', async () => {
    const input = z.unknown().transform(() => {
      throw new Error('cannot read it');
    });
    await expect(encode({ input })).rejects.toMatchObject({
      code: 'USER_CODE_ERROR',
      message: "the schema 'input' of the model's own code failed: cannot read it",
    });
    await expect(validateItem(input, 1)).rejects.toThrow(/cannot read it/);
  });

  it('keeps its code where it throws an error of Jitney', async () => {
    const failed = encode({ preprocess: () => Promise.reject(new JitneyError('MODEL_NOT_READY', 'wait')) });
    await expect(failed).rejects.toMatchObject({ code: 'MODEL_NOT_READY', message: 'wait' });
  });
});

describe('an answer on its way out', () => {
  it('is what postprocess makes of the outputs and the input, as the schema gives it', async () => {
    const output = z.object({ text: z.string().default('none') });
    const seen: unknown[] = [];
    const definition = defineModel({
      ...doubling,
      output,
      postprocess: (outputs, { input }) => {
        seen.push(outputs, input);
        return {};
      },
    });
    expect(await pipelineOf(definition).decode([tensor(1, 2)], { value: 5 }, context)).toEqual({ text: 'none' });
    expect(seen).toEqual([{ y: { shape: [2, 1], data: Float32Array.of(1, 2) } }, { value: 5 }]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('14 is odd enough');
      },
      /^postprocess of the model's own code failed: 14 is odd/,
    ],
    ['returns nothing', () => undefined, /^postprocess returned what 'output' does not allow: .*expected object/],
    ['returns NaN', () => ({ doubled: Number.NaN }), /^postprocess returned what 'output' does not allow: doubled: /],
  ])('is a fault of own code where it %s', async (_what, postprocess, message) => {
    const failed = pipelineOf({ ...doubling, postprocess }).decode([tensor(1)], { value: 1 }, context);
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toMatchObject({ code: 'USER_CODE_ERROR' });
  });
});
