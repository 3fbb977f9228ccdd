import type { NumericDtype } from '@jitney/core';
import { copyInto, NumberColumn } from './number-column.js';

/** Bounds of the integer dtypes. */
const BOUNDS = {
  UINT8: [0n, 2n ** 8n - 1n],
  UINT16: [0n, 2n ** 16n - 1n],
  UINT32: [0n, 2n ** 32n - 1n],
  UINT64: [0n, 2n ** 64n - 1n],
  INT8: [-(2n ** 7n), 2n ** 7n - 1n],
  INT16: [-(2n ** 15n), 2n ** 15n - 1n],
  INT32: [-(2n ** 31n), 2n ** 31n - 1n],
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
} as const satisfies Partial<Record<NumericDtype, readonly [bigint, bigint]>>;

type IntegerDtype = keyof typeof BOUNDS;

const DECIMAL = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Digits of the longest integer of any dtype, 2^64 - 1. */
const MOST_DIGITS = 20;

/** The integer that a decimal number stands for exactly: `1.0` and `1e3` are integers. `null` when it is none, or too long. */
function integerOf(text: string): bigint | null {
  const [, sign = '', whole = '', fraction = '', power = '0'] = DECIMAL.exec(text) ?? [];
  if (whole === '') return null;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return 0n;
  const zeros = digits.length - significant.length - fraction.length + Number(power);
  if (zeros < 0 || significant.length + zeros > MOST_DIGITS) return null;
  return BigInt(`${sign}${significant}${'0'.repeat(zeros)}`);
}

/** Integers of 8 to 32 bits. */
export class IntegerColumn extends NumberColumn<Exclude<IntegerDtype, 'INT64' | 'UINT64'>> {
  readonly #least = Number(BOUNDS[this.dtype][0]);
  readonly #most = Number(BOUNDS[this.dtype][1]);

  protected store(values: Float64Array, count: number): void {
    const least = this.#least;
    const most = this.#most;
    for (let i = 0; i < count; i++) {
      const value = values[i] as number;
      if (value < least || value > most || value !== Math.floor(value)) {
        throw this.refuse(i, String(value), describeBounds(this.dtype));
      }
    }
    copyInto(this.array, this.count, values, count);
  }

  protected storeText(text: string): void {
    const value = integerOf(text);
    const [least, most] = BOUNDS[this.dtype];
    if (value === null || value < least || value > most)
      throw this.refuse(0, shorten(text), describeBounds(this.dtype));
    this.array[this.count] = Number(value);
  }
}

/** INT64 and UINT64, exact. BigInts are made only for what a double cannot hold. */
export class WideColumn extends NumberColumn<'INT64' | 'UINT64'> {
  readonly #least = Number(BOUNDS[this.dtype][0]);

  protected store(values: Float64Array, count: number): void {
    // As 32-bit halves: a BigInt an element took about three times as long.
    const words = new Uint32Array(this.array.buffer, this.array.byteOffset + this.count * 8, count * 2);
    for (let i = 0; i < count; i++) {
      const value = values[i] as number;
      if (value < this.#least || value !== Math.floor(value)) {
        throw this.refuse(i, String(value), describeBounds(this.dtype));
      }
      words[2 * i] = value;
      words[2 * i + 1] = Math.floor(value / 2 ** 32);
    }
  }

  protected storeText(text: string): void {
    const value = integerOf(text);
    const [least, most] = BOUNDS[this.dtype];
    if (value === null || value < least || value > most)
      throw this.refuse(0, shorten(text), describeBounds(this.dtype));
    this.array[this.count] = value;
  }
}

function describeBounds(dtype: IntegerDtype): string {
  const [least, most] = BOUNDS[dtype];
  return `an integer from ${least} to ${most} (${dtype})`;
}

function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}
