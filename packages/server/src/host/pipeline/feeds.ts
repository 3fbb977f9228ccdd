import {
  createNumericArray,
  type Dtype,
  elementCount,
  type Feed,
  type Feeds,
  type NumericArray,
  type NumericDtype,
  numberToBf16,
  numberToFp16,
  type Signature,
  type Tensor,
  type TensorData,
  type TensorSpec,
} from '@jitney/core';

const UTF8 = new TextEncoder();

/**
 * Turns what `preprocess` returned, or what a JSON body holds, into the model's tensors.
 * @throws TypeError that names the input, what was expected and what was got.
 */
export function tensorsFromFeeds(feeds: Feeds, signature: Signature): Tensor[] {
  refuseUnknown(feeds, signature);
  const tensors: Tensor[] = [];
  for (const spec of signature.inputs) {
    const feed = Object.hasOwn(feeds, spec.name) ? feeds[spec.name] : undefined;
    if (feed !== undefined) tensors.push(tensorFromFeed(feed, spec));
    else if (!spec.optional) throw new TypeError(`input '${spec.name}' is missing`);
  }
  return tensors;
}

function refuseUnknown(feeds: Feeds, signature: Signature): void {
  const names = signature.inputs.map((spec) => spec.name);
  for (const name of Object.keys(feeds)) {
    if (!names.includes(name)) throw new TypeError(`unknown input '${name}'; the model has ${names.join(', ')}`);
  }
}

function tensorFromFeed(feed: Feed, spec: TensorSpec): Tensor {
  const { shape, data } = isShaped(feed) ? feed : { shape: null, data: feed };
  if (!isSequence(data)) throw new TypeError(`input '${spec.name}' must be numbers, strings or { shape, data }`);
  const sizes = shape ?? shapeFor(spec, data.length);
  if (elementCount(sizes) !== data.length) {
    throw new TypeError(
      `input '${spec.name}': shape [${sizes}] has ${elementCount(sizes)} elements, got ${data.length}`,
    );
  }
  return { name: spec.name, dtype: spec.dtype, shape: sizes, data: convert(data, spec) };
}

type Values = NumericArray | readonly (number | bigint | boolean | string)[];

function isShaped(feed: Feed): feed is Extract<Feed, { readonly shape: readonly number[] }> {
  return typeof feed === 'object' && 'shape' in feed && 'data' in feed;
}

function isSequence(data: unknown): data is Values {
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

function convert(data: Values, spec: TensorSpec): TensorData {
  if (spec.dtype === 'BYTES') return Array.from(data as readonly unknown[], (value) => stringBytes(value, spec));
  if (!Array.isArray(data) && holdsDtype(data as NumericArray, spec.dtype)) return data as NumericArray;
  const converted = createNumericArray(spec.dtype as NumericDtype, data.length);
  const convertOne = CONVERSIONS[spec.dtype as NumericDtype];
  for (let i = 0; i < data.length; i++) {
    const value = convertOne(data[i] as number);
    if (value === undefined) throw new TypeError(mismatch(spec, i, data[i]));
    converted[i] = value;
  }
  return converted;
}

function mismatch(spec: TensorSpec, index: number, got: unknown): string {
  const shown = typeof got === 'string' ? JSON.stringify(got.slice(0, 40)) : String(got);
  return `input '${spec.name}' is ${spec.dtype}: element ${index} is ${shown}`;
}

function stringBytes(value: unknown, spec: TensorSpec): Uint8Array {
  if (typeof value !== 'string') throw new TypeError(`input '${spec.name}' takes strings, got ${typeof value}`);
  return UTF8.encode(value);
}

/** Does the typed array already hold that dtype's elements, so that it need not be copied? */
function holdsDtype(data: NumericArray, dtype: Dtype): boolean {
  return data.constructor === createNumericArray(dtype as NumericDtype, 0).constructor;
}

type Conversion = (value: unknown) => number | bigint | undefined;

const float: Conversion = (value) =>
  typeof value === 'number'
    ? value
    : value === null
      ? Number.NaN
      : typeof value === 'bigint'
        ? Number(value)
        : undefined;
const narrow =
  (from: (value: number) => number): Conversion =>
  (value) => {
    const number = float(value);
    return number === undefined ? undefined : from(number as number);
  };
const integer =
  (low: number, high: number): Conversion =>
  (value) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    return typeof number === 'number' && Number.isInteger(number) && number >= low && number <= high
      ? number
      : undefined;
  };
const wide =
  (low: bigint, high: bigint): Conversion =>
  (value) => {
    if (typeof value === 'number' && !Number.isInteger(value)) return undefined;
    if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
    const number = BigInt(value);
    return number >= low && number <= high ? number : undefined;
  };

const CONVERSIONS: { readonly [D in NumericDtype]: Conversion } = {
  BOOL: (value) => (value === true || value === 1 ? 1 : value === false || value === 0 ? 0 : undefined),
  UINT8: integer(0, 0xff),
  UINT16: integer(0, 0xffff),
  UINT32: integer(0, 0xffffffff),
  UINT64: wide(0n, 2n ** 64n - 1n),
  INT8: integer(-0x80, 0x7f),
  INT16: integer(-0x8000, 0x7fff),
  INT32: integer(-0x80000000, 0x7fffffff),
  INT64: wide(-(2n ** 63n), 2n ** 63n - 1n),
  FP16: narrow(numberToFp16),
  BF16: narrow(numberToBf16),
  FP32: float,
  FP64: float,
};
