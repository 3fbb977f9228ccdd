import {
  createNumericArray,
  type Dtype,
  type NumericArray,
  type NumericDtype,
  numberToBf16,
  numberToFp16,
  type TensorData,
  type TensorSpec,
} from '@jitney/core';

const UTF8 = new TextEncoder();

/** What own code or a JSON body gives for the elements of a tensor. */
export type Elements = NumericArray | readonly (number | bigint | boolean | string)[];

/**
 * The elements in the model's dtype, in memory of their own: a `model.ts` may fill the same array again for its next
 * item while this one still waits.
 * @throws TypeError that names the input, the dtype and the first element that does not fit.
 */
export function convertElements(data: Elements, spec: TensorSpec): TensorData {
  if (spec.dtype === 'BYTES') return Array.from(data as readonly unknown[], (value) => stringBytes(value, spec));
  if (!Array.isArray(data) && holdsDtype(data as NumericArray, spec.dtype)) return (data as NumericArray).slice();
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
  const shown = typeof got === 'string' ? JSON.stringify(got.slice(0, 40)) : isObject(got) ? kindOf(got) : String(got);
  const hint = isRounded(got) ? ', which a JSON number may not hold exactly: give it as text' : '';
  return `input '${spec.name}' is ${spec.dtype}: element ${index} is ${shown}${hint}`;
}

function isRounded(value: unknown): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** What a value is, in the words of who wrote it. */
export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (!isObject(value)) return value === null ? 'null' : typeof value;
  const name = value.constructor?.name ?? 'Object';
  return name === 'Object' ? 'an object' : name;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function stringBytes(value: unknown, spec: TensorSpec): Uint8Array {
  if (typeof value !== 'string') throw new TypeError(`input '${spec.name}' takes strings, got ${kindOf(value)}`);
  return UTF8.encode(value);
}

/** Does the typed array hold that dtype's elements already? FP16 and BF16 are their bits then. */
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
/** 64 bits: numbers up to 2^53, beyond which they are rounded before anybody sees them; bigints and text in full. */
const wide =
  (low: bigint, high: bigint): Conversion =>
  (value) => {
    const isExact = typeof value === 'bigint' || Number.isSafeInteger(value) || isInteger(value);
    if (!isExact) return undefined;
    const number = BigInt(value as number | bigint | string);
    return number >= low && number <= high ? number : undefined;
  };

function isInteger(text: unknown): boolean {
  return typeof text === 'string' && /^-?\d{1,20}$/.test(text);
}

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
