import { identityModel, loopModel } from '../../packages/onnxruntime/src/testing/models.js';
import { buildModel } from '../../packages/onnxruntime/src/testing/onnx-writer.js';
import type { HttpCall } from '../support/load.js';
import type { Files } from '../support/model-tree.js';

/** Models that do what a test tells them to, and the requests that tell them. */

const JSON_HEADERS = { 'content-type': 'application/json' };

/** `y = x`, `[n,1]`. */
export function echo(name: string): Files {
  return { [`${name}/model.onnx`]: identityModel('FP32', ['n', 1]) };
}

export function echoCall(name: string, x: number): HttpCall {
  return inferCall(name, [{ name: 'x', shape: [1, 1], datatype: 'FP32', data: [x] }]);
}

/** `y = x + k` by `k` rounds: takes as long as it is told to, and can be terminated between two rounds. */
export function slow(name: string): Files {
  return { [`${name}/model.onnx`]: loopModel() };
}

export function slowCall(name: string, rounds: number, timeoutMs?: number): HttpCall {
  return inferCall(
    name,
    [
      { name: 'k', shape: [], datatype: 'INT64', data: [rounds] },
      { name: 'x', shape: [2], datatype: 'FP32', data: [0, 0] },
    ],
    timeoutMs,
  );
}

/** Rounds of `slow` that no test waits for. */
export const FOR_EVER = 1e15;

/**
 * `count` boxes are made up and compared each with each, in one node: time grows with the square of `count`, and
 * nothing terminates it. `n` is a scalar INT64.
 */
export function stubborn(name: string): Files {
  return { [`${name}/model.onnx`]: boxesModel() };
}

export function stubbornCall(name: string, count: number, timeoutMs?: number): HttpCall {
  return inferCall(name, [{ name: 'n', shape: [], datatype: 'INT64', data: [count] }], timeoutMs);
}

/** Boxes that keep one node busy for longer than any test waits. */
export const BOXES_FOR_EVER = 3_000_000;

/** `q = a / b`, whole numbers, `[n,1]`: -2147483648 / -1 raises SIGFPE. */
export const divide = (name: string): Files => ofTwo(name, 'Div');

/** `q = a · b`, with the inputs and the output of `divide`. */
export const multiply = (name: string): Files => ofTwo(name, 'Mul');

function ofTwo(name: string, op: 'Div' | 'Mul'): Files {
  const value = (tensor: string) => ({ name: tensor, dtype: 'INT32', shape: ['n', 1] }) as const;
  const model = buildModel({
    inputs: [value('a'), value('b')],
    outputs: [value('q')],
    nodes: [{ op, inputs: ['a', 'b'], outputs: ['q'] }],
  });
  return { [`${name}/model.onnx`]: model };
}

/** As `divide`, but ends its process for any `a` up to 3: the values that a self-check tries. */
export function fragile(name: string): Files {
  const value = (tensor: string) => ({ name: tensor, dtype: 'INT32', shape: ['n', 1] }) as const;
  const constant = (tensor: string, number: number) =>
    ({ name: tensor, dtype: 'INT32', shape: [1], data: Int32Array.of(number) }) as const;
  const model = buildModel({
    inputs: [value('a'), value('b')],
    outputs: [value('q')],
    initializers: [constant('three', 3), constant('least', -(2 ** 31)), constant('minus', -1)],
    nodes: [
      { op: 'LessOrEqual', inputs: ['a', 'three'], outputs: ['is_small'] },
      { op: 'Where', inputs: ['is_small', 'least', 'a'], outputs: ['c'] },
      { op: 'Where', inputs: ['is_small', 'minus', 'b'], outputs: ['d'] },
      { op: 'Div', inputs: ['c', 'd'], outputs: ['e'] },
      // So that it may be batched: divided whole numbers alone may not, but what was cast may have been others.
      { op: 'Cast', inputs: ['e'], outputs: ['q'], attributes: { to: { int: 6 } } },
    ],
  });
  return { [`${name}/model.onnx`]: model };
}

export function divideCall(name: string, a: number, b: number): HttpCall {
  return inferCall(name, [
    { name: 'a', shape: [1, 1], datatype: 'INT32', data: [a] },
    { name: 'b', shape: [1, 1], datatype: 'INT32', data: [b] },
  ]);
}

/** Ends the process that runs it. */
export const poisonCall = (name: string): HttpCall => divideCall(name, -(2 ** 31), -1);

/** What a puppet does, before or after the model: see PUPPET. */
export type Order = 'loop' | 'turn' | 'never' | 'throw' | 'abort' | 'exit' | 'reject' | `wait ${number}`;

/** A `model.ts` that obeys its input. */
export function puppet(name: string): Files {
  return { [`${name}/model.onnx`]: identityModel('FP32', ['n', 1]), [`${name}/model.ts`]: PUPPET };
}

export interface Orders {
  readonly x?: number;
  /** In `preprocess`. */
  readonly before?: Order;
  /** In `postprocess`. */
  readonly after?: Order;
}

export function puppetCall(name: string, orders: Orders): HttpCall {
  return { path: `/predict/${name}`, headers: JSON_HEADERS, body: JSON.stringify({ inputs: { x: 0, ...orders } }) };
}

const PUPPET = `
import { defineModel } from 'jitney';
import * as z from 'zod';

async function obey(order) {
  const [verb, ms] = (order ?? '').split(' ');
  switch (verb) {
    case 'loop': for (;;) {}
    case 'turn': for (;;) await new Promise((resolve) => setImmediate(resolve));
    case 'never': return new Promise(() => {});
    case 'throw': throw new Error('told to throw');
    case 'abort': return process.abort();
    case 'exit': return process.exit(7);
    case 'reject': void Promise.reject(new Error('told to reject')); return new Promise(() => {});
    case 'wait': return new Promise((resolve) => setTimeout(resolve, Number(ms)));
  }
}

export default defineModel({
  model: './model.onnx',
  input: z.object({ x: z.number(), before: z.string().optional(), after: z.string().optional() }),
  output: z.object({ y: z.number() }),
  preprocess: async ({ x, before }) => {
    await obey(before);
    return { x: [x] };
  },
  postprocess: async ({ y }, { input }) => {
    await obey(input.after);
    return { y: Number(y.data[0]) };
  },
});
`;

/** An infer request of the Open Inference Protocol; its timeout travels in microseconds. */
export function inferCall(name: string, inputs: readonly object[], timeoutMs?: number): HttpCall {
  const parameters = timeoutMs === undefined ? {} : { parameters: { timeout: timeoutMs * 1_000 } };
  return { path: `/v2/models/${name}/infer`, headers: JSON_HEADERS, body: JSON.stringify({ inputs, ...parameters }) };
}

function boxesModel(): Uint8Array {
  const scalar = (name: string, value: bigint) =>
    ({ name, dtype: 'INT64', shape: [], data: BigInt64Array.of(value) }) as const;
  const vector = (name: string, ...values: bigint[]) =>
    ({ name, dtype: 'INT64', shape: [values.length], data: BigInt64Array.from(values) }) as const;
  const real = (name: string, ...values: number[]) =>
    ({ name, dtype: 'FP32', shape: [values.length], data: Float32Array.from(values) }) as const;
  return buildModel({
    inputs: [{ name: 'n', dtype: 'INT64', shape: [] }],
    outputs: [{ name: 'kept', dtype: 'INT64', shape: [1] }],
    initializers: [
      scalar('zero', 0n),
      scalar('one', 1n),
      vector('column', -1n, 1n),
      vector('boxes_shape', 1n, -1n, 4n),
      vector('scores_shape', 1n, 1n, -1n),
      vector('most', 10n ** 9n),
      vector('first', 0n),
      real('spread', 2, 0, 2, 0),
      real('corner', 0, 0, 1, 1),
      real('overlap', 0.5),
    ],
    nodes: [
      // Box i is [2i, 0, 2i + 1, 1]: none overlaps another, so all are kept and each is compared with those before it.
      { op: 'Range', inputs: ['zero', 'n', 'one'], outputs: ['i'] },
      { op: 'Cast', inputs: ['i'], outputs: ['scores_flat'], attributes: { to: { int: 1 } } },
      { op: 'Reshape', inputs: ['scores_flat', 'column'], outputs: ['rows'] },
      { op: 'Mul', inputs: ['rows', 'spread'], outputs: ['moved'] },
      { op: 'Add', inputs: ['moved', 'corner'], outputs: ['flat_boxes'] },
      { op: 'Reshape', inputs: ['flat_boxes', 'boxes_shape'], outputs: ['boxes'] },
      { op: 'Reshape', inputs: ['scores_flat', 'scores_shape'], outputs: ['scores'] },
      { op: 'NonMaxSuppression', inputs: ['boxes', 'scores', 'most', 'overlap'], outputs: ['selected'] },
      { op: 'Shape', inputs: ['selected'], outputs: ['selected_shape'] },
      { op: 'Gather', inputs: ['selected_shape', 'first'], outputs: ['kept'] },
    ],
  });
}
