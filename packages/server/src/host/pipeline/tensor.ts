import {
  type Batching,
  type Encoded,
  type Feed,
  type Feeds,
  JitneyError,
  type OutputTensor,
  type Pipeline,
  type Signature,
  type Tensor,
} from '@jitney/core';
import type { LoadedModel } from '../../wire/messages.js';
import { tensorsFromFeeds } from './feeds.js';
import { outputsOf } from './outputs.js';

/** What `/predict` answers for a model without code of its own. */
export interface TensorAnswer {
  /** Each output as nested arrays, row-major. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Elements that JSON cannot hold and that are `null` above; absent where there are none. */
  readonly nonFinite?: readonly NonFinite[];
}

export interface NonFinite {
  readonly output: string;
  /** Position in the flat, row-major data. */
  readonly element: number;
  readonly value: 'NaN' | 'Infinity' | '-Infinity';
}

/** Named at most so many: an answer full of NaN stays an answer of the same size. */
const NON_FINITE_NAMED = 100;

/** The `tensor` task: nested arrays by input name in, nested arrays by output name out. */
export function createTensorPipeline({
  signature,
  batching,
}: Pick<LoadedModel, 'signature' | 'batching'>): Pipeline<unknown, TensorAnswer, null> {
  return {
    encode: (input): Encoded<null> => ({ tensors: encodeTensors(input, signature, batching), carry: null }),
    decode: (tensors) => answerOf(tensors),
  };
}

function encodeTensors(input: unknown, signature: Signature, batching: Batching): Tensor[] {
  try {
    return tensorsFromFeeds(feedsOf(input, signature), signature, batching);
  } catch (thrown) {
    throw JitneyError.from(thrown, 'INVALID_ARGUMENT');
  }
}

function feedsOf(input: unknown, signature: Signature): Feeds {
  const only = signature.inputs.length === 1 ? signature.inputs[0] : undefined;
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
    return Object.fromEntries(Object.entries(input).map(([name, value]) => [name, feedOf(value, name)]));
  }
  if (only !== undefined && input !== undefined) return { [only.name]: feedOf(input, only.name) };
  const names = signature.inputs.map((spec) => `'${spec.name}'`).join(', ');
  throw new TypeError(`'inputs' must be an object with ${names}, each a number, a string or a nested array of them`);
}

/** A nested array with its shape; flat values go as they are, so that the model's own shape applies. */
function feedOf(value: unknown, name: string): Feed {
  if (!Array.isArray(value)) return { shape: [], data: [value as number] };
  const shape: number[] = [];
  const flat: unknown[] = [];
  flatten(value, 0, shape, flat, name);
  return shape.length === 1 ? (flat as number[]) : { shape, data: flat as number[] };
}

const MAX_DEPTH = 32;

function flatten(value: readonly unknown[], depth: number, shape: number[], flat: unknown[], name: string): void {
  if (depth >= MAX_DEPTH) throw new TypeError(`input '${name}' is nested deeper than ${MAX_DEPTH}`);
  if (shape[depth] === undefined) shape[depth] = value.length;
  else if (shape[depth] !== value.length)
    throw new TypeError(`input '${name}' is ragged: a row of ${value.length} among rows of ${shape[depth]}`);
  for (const element of value) {
    if (Array.isArray(element)) flatten(element, depth + 1, shape, flat, name);
    else if (shape.length > depth + 1) throw new TypeError(`input '${name}' is ragged: a value among arrays`);
    else flat.push(element);
  }
}

function answerOf(tensors: readonly Tensor[]): TensorAnswer {
  const nonFinite: NonFinite[] = [];
  const outputs: Record<string, unknown> = Object.create(null);
  for (const [name, tensor] of Object.entries(outputsOf(tensors))) outputs[name] = nest(name, tensor, nonFinite);
  return nonFinite.length === 0 ? { outputs } : { outputs, nonFinite };
}

function nest(name: string, tensor: OutputTensor, nonFinite: NonFinite[]): unknown {
  const flat = Array.from(tensor.data as ArrayLike<unknown>, (value, element) => {
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
    if (typeof value !== 'number' || Number.isFinite(value)) return value;
    if (nonFinite.length < NON_FINITE_NAMED) nonFinite.push({ output: name, element, value: String(value) as 'NaN' });
    return null;
  });
  return fold(flat, tensor.shape);
}

/** Nested arrays of `shape` over flat values; a scalar is the value itself. */
function fold(flat: readonly unknown[], shape: readonly number[]): unknown {
  let level: readonly unknown[] = flat;
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const size = shape[axis] as number;
    const groups = shape.slice(0, axis).reduce((product, length) => product * length, 1);
    level = Array.from({ length: groups }, (_, group) => level.slice(group * size, (group + 1) * size));
  }
  return shape.length === 0 ? level[0] : level;
}
