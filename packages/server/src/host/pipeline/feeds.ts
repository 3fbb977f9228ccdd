import {
  type Batching,
  elementCount,
  type Feed,
  type Feeds,
  protocolShape,
  type Signature,
  type Tensor,
  type TensorSpec,
} from '@jitney/core';
import { convertElements, type Elements, kindOf } from './elements.js';

/**
 * Turns what `preprocess` returned, or what a JSON body holds, into the model's tensors, all with as many rows.
 * @throws TypeError that names the input, what was expected and what was got.
 */
export function tensorsFromFeeds(feeds: Feeds, signature: Signature, batching: Batching): Tensor[] {
  if (!isRecord(feeds)) throw new TypeError(`expected an object with a value for each input, got ${kindOf(feeds)}`);
  refuseUnknown(feeds, signature);
  const tensors: Tensor[] = [];
  for (const spec of signature.inputs) {
    const feed = Object.hasOwn(feeds, spec.name) ? feeds[spec.name] : undefined;
    if (feed !== undefined) tensors.push(tensorFromFeed(feed, spec));
    else if (!spec.optional) throw new TypeError(`input '${spec.name}' is missing`);
  }
  if (batching.mode === 'rows') refuseUnevenRows(tensors.filter(({ name }) => !batching.shared.includes(name)));
  return tensors;
}

function refuseUnevenRows(tensors: readonly Tensor[]): void {
  const [first] = tensors;
  const other = tensors.find((tensor) => tensor.shape[0] !== first?.shape[0]);
  if (first === undefined || other === undefined) return;
  throw new TypeError(`input '${other.name}' has ${other.shape[0]} rows, '${first.name}' has ${first.shape[0]}`);
}

function refuseUnknown(feeds: Feeds, signature: Signature): void {
  const names = signature.inputs.map((spec) => spec.name);
  for (const name of Object.keys(feeds)) {
    if (!names.includes(name)) throw new TypeError(`unknown input '${name}'; the model has ${names.join(', ')}`);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !isSequence(value);
}

function tensorFromFeed(feed: Feed, spec: TensorSpec): Tensor {
  const { shape, data } = isShaped(feed) ? feed : { shape: null, data: feed };
  if (!isSequence(data)) {
    throw new TypeError(`input '${spec.name}' must be numbers, strings or { shape, data }, got ${kindOf(data)}`);
  }
  const sizes = shape === null ? shapeFor(spec, data.length) : checkedShape(shape, spec);
  const count = elementCount(sizes);
  if (count !== data.length) {
    throw new TypeError(`input '${spec.name}': shape [${sizes}] has ${count} elements, got ${data.length}`);
  }
  return { name: spec.name, dtype: spec.dtype, shape: sizes, data: convertElements(data, spec) };
}

/** The runtime would refuse it too, but as the client's mistake and without the name of who made it. */
function checkedShape(shape: unknown, spec: TensorSpec): readonly number[] {
  if (Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size >= 0) && fits(shape, spec)) {
    return shape;
  }
  const shown = Array.isArray(shape) ? `[${shape}]` : kindOf(shape);
  const expected = spec.shape === null ? 'sizes of 0 or more' : `[${protocolShape(spec)}]`;
  throw new TypeError(`input '${spec.name}' has the shape ${expected}, got ${shown}`);
}

function fits(shape: readonly number[], spec: TensorSpec): boolean {
  if (spec.shape === null) return true;
  if (shape.length !== spec.shape.length) return false;
  return spec.shape.every((dimension, axis) => typeof dimension !== 'number' || dimension === shape[axis]);
}

function isShaped(feed: Feed): feed is Extract<Feed, { readonly shape: readonly number[] }> {
  return isRecord(feed) && 'shape' in feed && 'data' in feed;
}

function isSequence(data: unknown): data is Elements {
  return Array.isArray(data) || (ArrayBuffer.isView(data) && !(data instanceof DataView));
}

/**
 * The model's own shape with its free dimension filled by `count` values: rows where the first one is free,
 * else the one free dimension. With two free dimensions the values are one row.
 */
function shapeFor(spec: TensorSpec, count: number): number[] {
  if (spec.shape === null) return [count];
  const free = spec.shape.flatMap((dimension, index) => (typeof dimension === 'number' ? [] : [index]));
  if (free.length > 2 || (free.length === 2 && free[0] !== 0)) {
    throw new TypeError(`input '${spec.name}' has several free dimensions: give it as { shape, data }`);
  }
  const fixed = spec.shape.reduce<number>(
    (product, dimension) => product * (typeof dimension === 'number' ? dimension : 1),
    1,
  );
  const filled = fixed === 0 ? 0 : count / fixed;
  if (!Number.isInteger(filled) || (free.length === 0 && filled !== 1)) {
    throw new TypeError(
      `input '${spec.name}' takes ${free.length > 0 ? 'a multiple of ' : ''}${fixed} values, got ${count}`,
    );
  }
  const last = free[free.length - 1];
  return spec.shape.map((dimension, index) =>
    typeof dimension === 'number' ? dimension : index === last ? filled : 1,
  );
}
