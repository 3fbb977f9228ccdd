import { countDigits, writeAscii, writeDigits, writeInteger } from './ascii.js';

/** Most bytes a 32-bit float takes is 22: `-123456790000000000000`. */
export const MAX_FLOAT_BYTES = 24;

const ZERO = 0x30;
const MINUS = 0x2d;
const DOT = 0x2e;
const LETTER_E = 0x65;

const SINGLE = new Float32Array(1);
const BITS = new Uint32Array(SINGLE.buffer);
const FRACTION = 0x7fffff;
const EXPONENT_SHIFT = 23;

/**
 * By biased exponent: the power of ten that scales floats of that exponent into [1e8, 2e9), that power as a double, and
 * half the distance between neighbours, scaled alike (5.9 … 60).
 */
const POWERS = new Int32Array(255);
const SCALES = new Float64Array(255);
const HALF_GAPS = new Float64Array(255);
for (let biased = 1; biased < 255; biased++) {
  const lowest = 2 ** (biased - 127);
  const power = 8 - Math.floor(Math.log10(lowest));
  POWERS[biased] = power;
  SCALES[biased] = Number(`1e${power}`);
  HALF_GAPS[biased] = 2 ** (biased - 127 - 24) * Number(`1e${power}`);
}

/** More than twice what a scaled value below 2e9 can be off: two roundings of 2^-53 each. */
const UNCERTAIN = 1e-6;

/** Integers up to here are all floats, and no shorter decimal rounds to one. */
const EXACT_INTEGERS = 2 ** 24;

/**
 * The shortest decimal that reads back as the same 32-bit float, as `digits` · 10^`exponent`. One object is used again
 * and again, so that a call allocates nothing.
 *
 * The float is scaled to an integer of nine or ten digits by one multiplication in doubles, whose 29 spare bits leave
 * an error far below the distance between neighbours; then digits are dropped from the end as long as the result stays
 * between the halfway points to the neighbours. Where it comes closer to one of them than the error it is decided
 * exactly instead, as for the few floats whose neighbours are not equally far. (The idea of Steele and White 1990, in
 * fixed precision as Loitsch 2010.)
 */
class ShortestDecimal {
  digits = 0;
  exponent = 0;
  /** Answers for powers of two, by biased exponent: 0 digits where not asked for yet. */
  readonly #powerDigits = new Int32Array(255);
  readonly #powerExponents = new Int32Array(255);

  /** @param value - a finite float above zero */
  find(value: number): void {
    SINGLE[0] = value;
    const bits = BITS[0] as number;
    const biased = bits >>> EXPONENT_SHIFT;
    if ((bits & FRACTION) === 0) return this.#findPowerOfTwo(value, biased);
    if (biased === 0) return this.#findExactly(value);
    const scaled = value * (SCALES[biased] as number);
    const half = HALF_GAPS[biased] as number;
    // One digit can always go, since half a gap is more than half of ten.
    let digits = (scaled * 0.1 + 0.5) | 0;
    let dropped = 1;
    let outside = 0;
    for (let unit = 100, inverse = 0.01; ; unit *= 10, inverse *= 0.1, dropped++) {
      const shorter = (scaled * inverse + 0.5) | 0;
      outside = Math.abs(shorter * unit - scaled) - half;
      if (outside > -UNCERTAIN) break;
      digits = shorter;
    }
    if (outside < UNCERTAIN) return this.#findExactly(value);
    this.digits = digits;
    this.exponent = dropped - (POWERS[biased] as number);
  }

  /** Below a power of two the neighbours are twice as near as above. */
  #findPowerOfTwo(value: number, biased: number): void {
    if (this.#powerDigits[biased] === 0) {
      this.#findExactly(value);
      this.#powerDigits[biased] = this.digits;
      this.#powerExponents[biased] = this.exponent;
    }
    this.digits = this.#powerDigits[biased] as number;
    this.exponent = this.#powerExponents[biased] as number;
  }

  /** Tries decimals of one digit, two, … up to nine, which always suffice. */
  #findExactly(value: number): void {
    for (let count = 1; count <= 9; count++) {
      const [mantissa, power] = value.toExponential(count - 1).split('e') as [string, string];
      const nearest = Number(mantissa.replace('.', ''));
      this.exponent = Number(power) - (count - 1);
      // Below a power of two the nearest decimal may be too far, while the next one above is not.
      for (this.digits = nearest; this.digits <= nearest + 1; this.digits++) {
        if (Math.fround(Number(`${this.digits}e${this.exponent}`)) === value) return this.#dropZeros();
      }
    }
  }

  #dropZeros(): void {
    while (this.digits % 10 === 0) {
      this.digits /= 10;
      this.exponent++;
    }
  }
}

const DECIMAL = new ShortestDecimal();

/**
 * Writes a 32-bit float in the shortest decimal form that reads back as the same float, laid out as JavaScript does
 * (`0.1`, `1e-7`, `1e+21`), with `-0`, `NaN`, `Infinity` and `-Infinity` as such. Answers where it ends.
 *
 * @param value - a number that a 32-bit float holds
 */
export function writeFloat32(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0 || (value === 0 && 1 / value < 0)) {
    bytes[at] = MINUS;
    return writeFloat32(bytes, at + 1, -value);
  }
  if (value <= EXACT_INTEGERS && value === Math.floor(value)) return writeInteger(bytes, at, value);
  if (!Number.isFinite(value)) return writeAscii(bytes, at, String(value));
  DECIMAL.find(value);
  return writeDecimal(bytes, at, DECIMAL.digits, DECIMAL.exponent);
}

/** Writes digits · 10^exponent, laid out as JavaScript does (ECMA-262 §6.1.6.1.20, Number::toString). */
function writeDecimal(bytes: Uint8Array, at: number, digits: number, exponent: number): number {
  const count = countDigits(digits);
  const point = count + exponent;
  if (point > 21 || point <= -6) return writeScientific(bytes, at, digits, count, point - 1);
  if (exponent >= 0) return writeZeros(bytes, writeDigits(bytes, at, digits, count), exponent);
  if (point > 0) {
    // All digits one place to the right, then those before the point over them.
    writeDigits(bytes, at + 1, digits, count);
    for (let i = at; i < at + point; i++) bytes[i] = bytes[i + 1] as number;
    bytes[at + point] = DOT;
    return at + count + 1;
  }
  bytes[at] = ZERO;
  bytes[at + 1] = DOT;
  return writeDigits(bytes, writeZeros(bytes, at + 2, -point), digits, count);
}

function writeScientific(bytes: Uint8Array, at: number, digits: number, count: number, power: number): number {
  let end = writeDigits(bytes, at + 1, digits, count);
  bytes[at] = bytes[at + 1] as number;
  bytes[at + 1] = DOT;
  if (count === 1) end = at + 1;
  bytes[end] = LETTER_E;
  bytes[end + 1] = power < 0 ? MINUS : 0x2b;
  return writeInteger(bytes, end + 2, Math.abs(power));
}

function writeZeros(bytes: Uint8Array, at: number, count: number): number {
  for (let i = at; i < at + count; i++) bytes[i] = ZERO;
  return at + count;
}
