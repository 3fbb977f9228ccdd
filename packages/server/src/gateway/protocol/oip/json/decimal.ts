/**
 * What a number is read for.
 * - `single`: it is stored as a 32-bit float, so any double that rounds to the same one will do.
 * - `double`: the exact double, as JSON.parse gives.
 * - `integer`: it is stored as an integer; only what is at most 2^53 - 1 is taken.
 */
export type Precision = 'single' | 'double' | 'integer';

/** Up to this power of ten they are exact doubles. */
export const EXACT_POWER = 22;
/** Up to this one they are at hand, off by half a unit in the last place at most. */
export const MOST_POWER = 40;
export const POWERS_OF_TEN = Float64Array.from({ length: MOST_POWER + 1 }, (_, n) => Number(`1e${n}`));

/** Below it an integer made of digits has never been rounded. */
export const EXACT_INTEGERS = 2 ** 53;

/**
 * (head · 10^tailDigits + tail) · 10^exponent as a double, or NaN where it cannot be told for certain:
 *
 * ```
 *   0.12345678806304932e-5  =  (123456788 · 10^8 + 06304932) · 10^(-17 - 5)
 *     └─ head ─┘└ tail ─┘
 * ```
 * `head` and `tail` are integers of at most 27 and 18 digits, exact while they are below 2^53.
 *
 * An integer below 2^53 and a power of ten up to 10^22 make one correctly rounded operation of two exact doubles
 * (Clinger 1990, "How to read floating point numbers accurately", the fast path).
 */
export function decimalValue(
  precision: Precision,
  head: number,
  tail: number,
  tailDigits: number,
  exponent: number,
): number {
  const power = Math.abs(exponent);
  if (power > MOST_POWER) return Number.NaN;
  const integer = head * (POWERS_OF_TEN[tailDigits] as number) + tail;
  const factor = POWERS_OF_TEN[power] as number;
  const value = exponent < 0 ? integer / factor : integer * factor;
  if (integer < EXACT_INTEGERS && power <= EXACT_POWER) {
    return precision !== 'integer' || value < EXACT_INTEGERS ? value : Number.NaN;
  }
  if (precision === 'single') return roundsAlike(value) ? value : Number.NaN;
  const isQuotient = exponent < 0 && power <= EXACT_POWER && head < EXACT_INTEGERS && tail < EXACT_INTEGERS;
  return precision === 'double' && isQuotient ? exactQuotient(value, head, tail, tailDigits, factor) : Number.NaN;
}

const SMALLEST_NORMAL_SINGLE = 2 ** -126;
const BEYOND_SINGLE = 2 ** 128;
/** The bits of a double that a single has no room for; where they read 1000…, the double is halfway between two singles. */
const LOST_BITS = 0x1fffffff;
const HALFWAY = 0x10000000;
/** More units in the last place than the roundings that made a value, two a digit after the fifteenth, add up to. */
const MARGIN = 256;

/** One double and its two words, lower first: big-endian machines are not supported. */
const DOUBLE = new Float64Array(1);
const WORDS = new Uint32Array(DOUBLE.buffer);

/**
 * Whether a double that is off by up to {@link MARGIN} units in the last place rounds to the single it should: that is so
 * unless it lies that near to the halfway point between two singles.
 */
export function roundsAlike(value: number): boolean {
  if (!(value >= SMALLEST_NORMAL_SINGLE && value < BEYOND_SINGLE)) return false;
  DOUBLE[0] = value;
  const lost = (WORDS[0] as number) & LOST_BITS;
  return lost < HALFWAY - MARGIN || lost > HALFWAY + MARGIN;
}

/** What the correction of a quotient may be off by, in parts of itself, with plenty to spare. */
const DOUBT = 2 ** -40;

/**
 * (head · 10^tailDigits + tail) / divisor, correctly rounded, from a `quotient` that is off by a few units in the last
 * place; NaN where two doubles are so equally near that this cannot tell them apart.
 *
 * The remainder, head · 10^tailDigits + tail - quotient · divisor, is found from exact products; divided again it is the
 * correction of the quotient.
 */
function exactQuotient(quotient: number, head: number, tail: number, tailDigits: number, divisor: number): number {
  const scale = POWERS_OF_TEN[tailDigits] as number;
  const wanted = head * scale;
  const found = quotient * divisor;
  const lost = productError(head, scale, wanted) - productError(quotient, divisor, found);
  const correction = (wanted - found + tail + lost) / divisor;
  const low = quotient + (correction - correction * DOUBT);
  return low === quotient + (correction + correction * DOUBT) ? low : Number.NaN;
}

/** 2^27 + 1, which splits a double into halves whose products are exact. */
const SPLITTER = 134217729;

/** a · b - product, exactly, where `product` is a · b rounded. (Dekker 1971, "A floating-point technique", mul12.) */
function productError(a: number, b: number, product: number): number {
  const scaledA = SPLITTER * a;
  const highA = scaledA - (scaledA - a);
  const lowA = a - highA;
  const scaledB = SPLITTER * b;
  const highB = scaledB - (scaledB - b);
  const lowB = b - highB;
  return highA * highB - product + highA * lowB + lowA * highB + lowA * lowB;
}
