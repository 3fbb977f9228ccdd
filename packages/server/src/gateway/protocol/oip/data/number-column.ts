import { createNumericArray, type DtypeArrays, JitneyError, type NumericArray, type NumericDtype } from '@jitney/core';
import { admitElements, type Column, type ColumnContext } from './column.js';

/** Elements up to which the shape's word is taken for the first allocation. */
const TRUSTED_ELEMENTS = 256;

/** The elements of a numeric tensor as they are read, in a typed array that grows with what was received. */
export abstract class NumberColumn<D extends NumericDtype = NumericDtype> implements Column {
  readonly dtype: D;
  protected readonly context: ColumnContext;
  protected array: DtypeArrays[D];
  #count = 0;

  constructor(dtype: D, context: ColumnContext) {
    this.dtype = dtype;
    this.context = context;
    const { expected } = context;
    const trusted = expected !== null && expected <= TRUSTED_ELEMENTS ? expected : 0;
    this.array = createNumericArray(dtype, trusted);
  }

  get count(): number {
    return this.#count;
  }

  /** Takes the first `count` of `values`: doubles that JSON.parse would give, or as good as those for the dtype. */
  append(values: Float64Array, count: number): void {
    this.reserve(count);
    this.store(values, count);
    this.#count += count;
  }

  /**
   * Takes one element that was not read as a plain number: a long or odd number, `null`, or a word.
   * @throws JitneyError `INVALID_ARGUMENT` naming tensor and element.
   */
  appendText(text: string): void {
    this.reserve(1);
    this.storeText(text);
    this.#count++;
  }

  /** The error for an element that is `got` instead of a number. */
  notANumber(got: string): JitneyError {
    return this.refuse(0, got, 'a number');
  }

  /** The elements, at most one view away from the array they were read into. */
  finish(): DtypeArrays[D] {
    return this.array.length === this.#count ? this.array : (this.array.subarray(0, this.#count) as DtypeArrays[D]);
  }

  /** Writes `values` behind the elements there are. */
  protected abstract store(values: Float64Array, count: number): void;
  protected abstract storeText(text: string): void;

  /** Names the element that is `behind` the last one. */
  protected refuse(behind: number, got: string, expected: string): JitneyError {
    const element = `element ${this.#count + behind} of ${this.context.tensor()}`;
    return new JitneyError('INVALID_ARGUMENT', `Unable to parse 'data': ${element} is ${got}, expected ${expected}`);
  }

  private reserve(more: number): void {
    const needed = this.#count + more;
    if (needed <= this.array.length) return;
    admitElements(this.context, needed);
    const { expected, maxElements } = this.context;
    const doubled = Math.max(this.array.length * 2, needed, TRUSTED_ELEMENTS);
    const length = expected !== null && expected >= needed && expected <= doubled * 2 ? expected : doubled;
    const grown = createNumericArray(this.dtype, Math.min(length, maxElements));
    (grown as Float32Array).set(this.array as Float32Array);
    this.array = grown;
  }
}

/** Up to so many elements a loop is faster than a native copy with its two views. */
const FEW_ELEMENTS = 64;

/** Copies the first `count` of `values` into `array` from `at` on, converted as an assignment converts. */
export function copyInto(
  array: Exclude<NumericArray, BigInt64Array | BigUint64Array>,
  at: number,
  values: Float64Array,
  count: number,
): void {
  if (count > FEW_ELEMENTS) return array.set(values.subarray(0, count), at);
  for (let i = 0; i < count; i++) array[at + i] = values[i] as number;
}
