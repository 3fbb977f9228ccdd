import type { DtypeArrays } from './dtype.js';

/** The two 16-bit float dtypes. Their arrays hold the raw bits. */
export type HalfDtype = 'FP16' | 'BF16';

/** Layout of a 16-bit float: sign, exponent, fraction; and what converting it needs, by exponent. */
class HalfFormat {
  readonly fractionBits: number;
  /** Exponents of the smallest and of the largest normal number. */
  readonly minExponent: number;
  readonly maxExponent: number;
  readonly infinity: number;
  readonly quietNaN: number;
  /** By `exponent - minExponent`: units to the number 1, where a unit is the distance between two neighbours. */
  readonly units: Float64Array;
  /** By biased exponent: what a unit is. */
  readonly steps: Float64Array;

  constructor(exponentBits: number, fractionBits: number) {
    const bias = 2 ** (exponentBits - 1) - 1;
    this.fractionBits = fractionBits;
    this.minExponent = 1 - bias;
    this.maxExponent = bias;
    this.infinity = (2 ** exponentBits - 1) << fractionBits;
    this.quietNaN = this.infinity | (1 << (fractionBits - 1));
    this.units = Float64Array.from({ length: 2 * bias }, (_, i) => 2 ** (fractionBits - (i + 1 - bias)));
    this.steps = Float64Array.from({ length: 2 * bias + 1 }, (_, i) => 2 ** (Math.max(i, 1) - bias - fractionBits));
  }
}

/** IEEE 754 binary16: 1 + 5 + 10 bits, largest 65504. */
const FP16 = new HalfFormat(5, 10);

/** bfloat16: the upper half of a binary32, 1 + 8 + 7 bits. */
const BF16 = new HalfFormat(8, 7);

const SIGN = 0x8000;

/** Adding and taking away 1.5 · 2^52 rounds a double below 2^51 to an integer, ties to even. */
const ROUND_TO_INTEGER = 6755399441055744;

const scratch = new DataView(new ArrayBuffer(8));

function encode(value: number, format: HalfFormat): number {
  if (Number.isNaN(value)) return format.quietNaN;
  scratch.setFloat64(0, value);
  const head = scratch.getUint16(0);
  const sign = head & SIGN;
  const exponent = Math.max(((head >>> 4) & 0x7ff) - 1023, format.minExponent);
  if (exponent > format.maxExponent) return sign | format.infinity;
  const index = exponent - format.minExponent;
  // Rounded to whole units, a number is rounded to the format. A carry out of the fraction moves into the exponent,
  // and past the largest number into infinity.
  const units = Math.abs(value) * (format.units[index] as number) + ROUND_TO_INTEGER - ROUND_TO_INTEGER;
  return sign | ((index << format.fractionBits) + units);
}

function decode(bits: number, format: HalfFormat): number {
  const magnitude = bits & 0x7fff;
  if (magnitude >= format.infinity) {
    if (magnitude > format.infinity) return Number.NaN;
    return bits & SIGN ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  const exponent = magnitude >>> format.fractionBits;
  const hidden = exponent === 0 ? 0 : 1 << format.fractionBits;
  const absolute = (magnitude - (exponent << format.fractionBits) + hidden) * (format.steps[exponent] as number);
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
