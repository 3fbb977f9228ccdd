import { DOT, IN_ATOM, MINUS, ZERO } from './bytes.js';

/**
 * What a number is read for.
 * - `single`: it is stored as a 32-bit float, so any double that rounds to the same one will do.
 * - `double`: the exact double, as JSON.parse gives.
 * - `integer`: it is stored as an integer; only what is below 2^53 is taken.
 */
export type Precision = 'single' | 'double' | 'integer';

/** Powers of ten up to 10^22 are exact doubles; those above are off by half a unit in the last place at most. */
const POWERS_OF_TEN = Float64Array.from({ length: 61 }, (_, n) => Number(`1e${n}`));
const EXACT_POWERS = 22;
/** Below it a sum of digits has never been rounded. */
const EXACT_MANTISSA = 2 ** 53;
/** Above it more than ten digits were added after rounding began: more than the margin below allows for. */
const MOST_MANTISSA = 1e25;

const SMALLEST_NORMAL_SINGLE = 2 ** -126;
const BEYOND_SINGLE = 2 ** 128;
/** The bits of a double that a single has no room for; where they read 1000…, the double is halfway between two singles. */
const LOST_BITS = 0x1fffffff;
const HALFWAY = 0x10000000;
const MARGIN = 64;

/** One double and its two words, lower first: big-endian machines are not supported. */
const DOUBLE = new Float64Array(1);
const WORDS = new Uint32Array(DOUBLE.buffer);

const LOWER_E = 0x65;
const UPPER_E = 0x45;
const PLUS = 0x2b;

/**
 * Reads short decimal numbers from bytes, without a string in between. Longer or odder ones it leaves to the caller.
 *
 * At most 2^53 and a power of ten up to 10^22 make one correctly rounded operation of two exact doubles (Clinger 1990,
 * "How to read floating point numbers accurately", the fast path). For a 32-bit result more is possible: a double that
 * is off by a few units in its last place rounds to the right single unless it lies that near to a halfway point.
 */
export class NumberCursor {
  /** Where the number that was read ended; where it began, when it was not read. */
  next = 0;

  readonly #approximate: boolean;
  readonly #largest: number;

  constructor(precision: Precision) {
    this.#approximate = precision === 'single';
    this.#largest = precision === 'integer' ? Number.MAX_SAFE_INTEGER : Number.POSITIVE_INFINITY;
  }

  /** Reads the number at `start`. A byte that cannot belong to a number must follow it. */
  read(bytes: Uint8Array, start: number): number {
    this.next = start;
    let at = start;
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    const first = at;
    let mantissa = 0;
    let digit = (bytes[at] as number) - ZERO;
    while (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digit = (bytes[++at] as number) - ZERO;
    }
    if (at === first || (at > first + 1 && bytes[first] === ZERO)) return 0;
    let exponent = 0;
    if (digit === DOT - ZERO) {
      const point = ++at;
      digit = (bytes[at] as number) - ZERO;
      while (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        digit = (bytes[++at] as number) - ZERO;
      }
      exponent = point - at;
      if (exponent === 0) return 0;
    }
    if (digit === LOWER_E - ZERO || digit === UPPER_E - ZERO) {
      const sign = bytes[++at] as number;
      if (sign === MINUS || sign === PLUS) at++;
      const power = at;
      let written = 0;
      digit = (bytes[at] as number) - ZERO;
      while (digit >= 0 && digit <= 9 && written < 1000) {
        written = written * 10 + digit;
        digit = (bytes[++at] as number) - ZERO;
      }
      if (at === power) return 0;
      exponent += sign === MINUS ? -written : written;
    }
    if (IN_ATOM[digit + ZERO] === 1) return 0;
    const value = this.#scale(mantissa, exponent);
    if (Number.isNaN(value)) return 0;
    this.next = at;
    return negative ? -value : value;
  }

  /** mantissa · 10^exponent, or NaN where this cannot be told for certain. */
  #scale(mantissa: number, exponent: number): number {
    const power = exponent < 0 ? -exponent : exponent;
    if (mantissa < EXACT_MANTISSA && power <= EXACT_POWERS) {
      const factor = POWERS_OF_TEN[power] as number;
      const value = exponent < 0 ? mantissa / factor : mantissa * factor;
      return value <= this.#largest ? value : Number.NaN;
    }
    if (!this.#approximate || mantissa > MOST_MANTISSA || power >= POWERS_OF_TEN.length) return Number.NaN;
    const factor = POWERS_OF_TEN[power] as number;
    const value = exponent < 0 ? mantissa / factor : mantissa * factor;
    return this.#roundsSafely(value) ? value : Number.NaN;
  }

  /** Whether a double that may be off by {@link MARGIN} units in the last place becomes the right single. */
  #roundsSafely(value: number): boolean {
    if (!(value >= SMALLEST_NORMAL_SINGLE && value < BEYOND_SINGLE)) return false;
    DOUBLE[0] = value;
    const lost = (WORDS[0] as number) & LOST_BITS;
    return lost < HALFWAY - MARGIN || lost > HALFWAY + MARGIN;
  }
}
