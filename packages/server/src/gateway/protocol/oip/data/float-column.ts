import { narrowToHalves } from '@jitney/core';
import { copyInto, NumberColumn } from './number-column.js';

/** FP32 and FP64. Above the largest, a number becomes infinity, as a cast does. */
export class FloatColumn extends NumberColumn<'FP32' | 'FP64'> {
  protected store(values: Float64Array, count: number): void {
    copyInto(this.array, this.count, values, count);
  }

  protected storeText(text: string): void {
    this.array[this.count] = floatOf(text) ?? this.#refuseText(text);
  }

  #refuseText(text: string): never {
    throw this.refuse(0, text, 'a number');
  }
}

/** FP16 and BF16: rounded to the nearest; above the largest (65519.99…, 3.39…e38) it is infinity. */
export class HalfColumn extends NumberColumn<'FP16' | 'BF16'> {
  protected store(values: Float64Array, count: number): void {
    this.array.set(narrowToHalves(this.dtype, values.subarray(0, count)), this.count);
  }

  protected storeText(text: string): void {
    const value = floatOf(text);
    if (value === null) throw this.refuse(0, text, 'a number');
    this.array.set(narrowToHalves(this.dtype, [value]), this.count);
  }
}

/** A float written as text: `null` stands for a missing value. `null` when it is not one. */
function floatOf(text: string): number | null {
  if (text === 'null') return Number.NaN;
  if (FLOAT.test(text)) return Number(text);
  return null;
}

const FLOAT = /^(?:NaN|-?Infinity|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
