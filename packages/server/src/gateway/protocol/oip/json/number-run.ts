import { COMMA, DOT, IN_ATOM, isWhitespace, MINUS, ZERO } from './bytes.js';
import {
  decimalValue,
  EXACT_INTEGERS,
  EXACT_POWER,
  MOST_POWER,
  POWERS_OF_TEN,
  type Precision,
  roundsAlike,
} from './decimal.js';

const LOWER_E = 0x65;
const UPPER_E = 0x45;
const PLUS = 0x2b;

/** Digits whose sum an int32 holds. */
const BLOCK = 9;
/** Digits before the point, or in the second block behind it, up to which a number is not left. */
const MOST_DIGITS = 18;

/**
 * Reads runs of decimal numbers with commas between them from bytes, without a string in between. Numbers that are long
 * or odd, and those whose value cannot be told for certain, it leaves to the caller.
 */
export class NumberRun {
  /** Numbers that the last call of `read` stored. */
  count = 0;
  /** Whether an element must follow where the last call ended: it began there, or came behind a comma. */
  expectsElement = true;

  readonly #precision: Precision;

  constructor(precision: Precision) {
    this.#precision = precision;
  }

  /**
   * Reads from `from` on, where an element is expected, into `target`, until `target` is full, `end` is reached, or
   * something else than a plain number and a comma comes. Answers how far it came: behind a number, or in front of an
   * element that it left.
   *
   * The byte before `end` must not belong to a number.
   */
  read(bytes: Uint8Array, from: number, end: number, target: Float64Array): number {
    // One long function, and digits summed nine at a time in int32: with a call a number, and sums in doubles, it took
    // half as long again.
    const isSingle = this.#precision === 'single';
    let count = 0;
    let next = from;
    this.expectsElement = true;
    while (count < target.length) {
      let at = next;
      let byte = bytes[at] as number;
      const negative = byte === MINUS;
      if (negative) byte = bytes[++at] as number;

      const first = at;
      let head = 0;
      let digit = byte - ZERO;
      while (digit >>> 0 < 10) {
        head = (Math.imul(head, 10) + digit) | 0;
        digit = (bytes[++at] as number) - ZERO;
      }
      if (at - first !== 1) {
        if (at === first || byte === ZERO || at - first > MOST_DIGITS) break;
        if (at - first > BLOCK) head = sumDigits(bytes, first, at);
      }

      let integer = head;
      let tail = 0;
      let tailDigits = 0;
      let exponent = 0;
      if (digit === DOT - ZERO) {
        const point = ++at;
        const blockEnd = point + BLOCK;
        let block = 0;
        digit = (bytes[at] as number) - ZERO;
        while (digit >>> 0 < 10 && at < blockEnd) {
          block = (Math.imul(block, 10) + digit) | 0;
          digit = (bytes[++at] as number) - ZERO;
        }
        if (at === point) break;
        head = head * (POWERS_OF_TEN[at - point] as number) + block;
        integer = head;
        if (digit >>> 0 < 10) {
          const middle = at;
          while (digit >>> 0 < 10) {
            tail = (Math.imul(tail, 10) + digit) | 0;
            digit = (bytes[++at] as number) - ZERO;
          }
          tailDigits = at - middle;
          if (tailDigits > MOST_DIGITS) break;
          if (tailDigits > BLOCK) tail = sumDigits(bytes, middle, at);
          integer = head * (POWERS_OF_TEN[tailDigits] as number) + tail;
        }
        exponent = point - at;
      }

      if (IN_ATOM[digit + ZERO] === 1) {
        const stop = exponentEnd(bytes, at);
        if (stop === at) break;
        exponent += exponentOf(bytes, at, stop);
        at = stop;
        digit = (bytes[at] as number) - ZERO;
      }
      let value = exponent > 0 || exponent < -MOST_POWER ? Number.NaN : integer / (POWERS_OF_TEN[-exponent] as number);
      const isExact = integer < EXACT_INTEGERS && exponent <= 0 && exponent >= -EXACT_POWER;
      if (!isExact && !(isSingle && roundsAlike(value))) {
        value = decimalValue(this.#precision, head, tail, tailDigits, exponent);
        if (Number.isNaN(value)) break;
      }
      target[count++] = negative ? -value : value;

      next = at;
      this.expectsElement = digit === COMMA - ZERO;
      if (digit !== COMMA - ZERO) break;
      do next++;
      while (next < end && isWhitespace(bytes[next] as number));
      if (next === end) break;
    }
    this.count = count;
    return next;
  }
}

/** Sums more digits than an int32 holds. Exact below 2^53. */
function sumDigits(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at++) sum = sum * 10 + ((bytes[at] as number) - ZERO);
  return sum;
}

/** Where the exponent that begins with the letter at `from` ends; `from` when there is none that ends the number. */
function exponentEnd(bytes: Uint8Array, from: number): number {
  if (bytes[from] !== LOWER_E && bytes[from] !== UPPER_E) return from;
  const first = exponentDigits(bytes, from);
  let at = first;
  while (((bytes[at] as number) - ZERO) >>> 0 < 10) at++;
  return at === first || at > first + BLOCK || IN_ATOM[bytes[at] as number] === 1 ? from : at;
}

function exponentOf(bytes: Uint8Array, from: number, end: number): number {
  const power = sumDigits(bytes, exponentDigits(bytes, from), end);
  return bytes[from + 1] === MINUS ? -power : power;
}

/** Where the digits of an exponent begin. */
function exponentDigits(bytes: Uint8Array, from: number): number {
  const sign = bytes[from + 1];
  return sign === MINUS || sign === PLUS ? from + 2 : from + 1;
}
