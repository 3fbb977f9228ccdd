import type { DtypeArrays } from './dtype.js';

/** The two 16-bit float dtypes. Their arrays hold the raw bits. */
export type HalfDtype = 'FP16' | 'BF16';

/** Layout of a 16-bit float: sign, exponent, fraction. */
interface HalfFormat {
  readonly fractionBits: number;
  /** Exponents of the smallest and of the largest normal number. */
  readonly minExponent: number;
  readonly maxExponent: number;
  readonly infinity: number;
  readonly quietNaN: number;
}

/** IEEE 754 binary16: 1 + 5 + 10 bits, largest 65504. */
const FP16: HalfFormat = {
  fractionBits: 10,
  minExponent: -14,
  maxExponent: 15,
  infinity: 0x7c00,
  quietNaN: 0x7e00,
};

/** bfloat16: the upper half of a binary32, 1 + 8 + 7 bits. */
const BF16: HalfFormat = {
  fractionBits: 7,
  minExponent: -126,
  maxExponent: 127,
  infinity: 0x7f80,
  quietNaN: 0x7fc0,
};

const SIGN = 0x8000;

/** Adding and taking away 1.5 · 2^52 rounds a double below 2^51 to an integer, ties to even. */
const ROUND_TO_INTEGER = 6755399441055744;

const scratch = new DataView(new ArrayBuffer(8));

/** 2^exponent of a finite, normal double; -1023 for zero and subnormals. */
function exponentOf(value: number): number {
  scratch.setFloat64(0, value);
  return ((scratch.getUint16(0) >>> 4) & 0x7ff) - 1023;
}

function encode(value: number, format: HalfFormat): number {
  if (Number.isNaN(value)) return format.quietNaN;
  const sign = value < 0 || Object.is(value, -0) ? SIGN : 0;
  const exponent = Math.max(exponentOf(value), format.minExponent);
  if (exponent > format.maxExponent) return sign | format.infinity;
  // One unit is the distance to the next representable number, so that rounding to an integer rounds to the format.
  const units = Math.abs(value) * 2 ** (format.fractionBits - exponent) + ROUND_TO_INTEGER - ROUND_TO_INTEGER;
  // A carry out of the fraction moves into the exponent, and past the largest number into infinity.
  return sign | (((exponent - format.minExponent) << format.fractionBits) + units);
}

function decode(bits: number, format: HalfFormat): number {
  const magnitude = bits & 0x7fff;
  if (magnitude > format.infinity) return Number.NaN;
  const exponent = magnitude >>> format.fractionBits;
  const fraction = magnitude - (exponent << format.fractionBits);
  const hidden = exponent === 0 ? 0 : 1 << format.fractionBits;
  const scale = 2 ** (Math.max(exponent, 1) - 1 + format.minExponent - format.fractionBits);
  const absolute = magnitude === format.infinity ? Number.POSITIVE_INFINITY : (fraction + hidden) * scale;
  return bits & SIGN ? -absolute : absolute;
}

/** The 16 bits nearest to `value`, ties to even. Above 65519.99… the answer is infinity; every NaN becomes the quiet one. */
export function numberToFp16(value: number): number {
  return encode(value, FP16);
}

/** The 16 bits nearest to `value`, ties to even. Rounds once, not through binary32. */
export function numberToBf16(value: number): number {
  return encode(value, BF16);
}

/** The number that the 16 bits of an FP16 stand for, exactly. */
export function fp16ToNumber(bits: number): number {
  return decode(bits, FP16);
}

/** The number that the 16 bits of a BF16 stand for, exactly. */
export function bf16ToNumber(bits: number): number {
  return decode(bits, BF16);
}

/** Elements of a half-precision tensor as 32-bit floats, exactly. */
export function widenHalves(dtype: HalfDtype, bits: DtypeArrays[HalfDtype]): Float32Array {
  const format = dtype === 'FP16' ? FP16 : BF16;
  const wide = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) wide[i] = decode(bits[i] as number, format);
  return wide;
}

/** Numbers as the bits of a half-precision tensor, each rounded to the nearest, ties to even. */
export function narrowToHalves(dtype: HalfDtype, numbers: ArrayLike<number>): Uint16Array {
  const format = dtype === 'FP16' ? FP16 : BF16;
  const bits = new Uint16Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) bits[i] = encode(numbers[i] as number, format);
  return bits;
}
