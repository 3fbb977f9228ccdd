import { elementCount, JitneyError } from '@jitney/core';
import type { BinaryTensor } from './binary-input.js';

/** Elements of one step: about half a millisecond. */
const STEP_ELEMENTS = 4096;

/**
 * Splits a blob of BYTES, in steps, into views of its elements:
 *
 * ```
 * ┌────────────┬───────┬────────────┬───────┬──
 * │ length u32 │ bytes │ length u32 │ bytes │ …    little-endian
 * └────────────┴───────┴────────────┴───────┴──
 * ```
 */
export class StringSplitter {
  readonly #input: string;
  readonly #expected: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #elements: Uint8Array[] = [];
  #at = 0;

  constructor(model: string, { name, shape }: BinaryTensor, bytes: Uint8Array) {
    this.#input = `inference input '${name}' for model '${model}'`;
    this.#expected = elementCount(shape);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Splits off some elements. True while there are more.
   * @throws JitneyError `INVALID_ARGUMENT` where the lengths do not add up, or their number is not the shape's.
   */
  step(): boolean {
    for (let count = 0; count < STEP_ELEMENTS; count++) {
      if (this.#at === this.#bytes.length) return false;
      this.#splitOff();
    }
    return true;
  }

  /** All elements; splits off at once what `step` has not. */
  finish(): readonly Uint8Array[] {
    while (this.step());
    if (this.#elements.length !== this.#expected) throw this.#wrongCount(String(this.#elements.length));
    return this.#elements;
  }

  #splitOff(): void {
    if (this.#elements.length === this.#expected) throw this.#wrongCount(`more than ${this.#expected}`);
    const left = this.#bytes.length - this.#at - 4;
    if (left < 0) {
      throw this.#incomplete(`incomplete string length indicator for ${this.#input}, expecting 4 bytes`, left + 4);
    }
    const length = this.#view.getUint32(this.#at, true);
    if (left < length) {
      throw this.#incomplete(`incomplete string data for ${this.#input}, expecting string of length ${length}`, left);
    }
    const start = this.#at + 4;
    this.#at = start + length;
    this.#elements.push(this.#bytes.subarray(start, this.#at));
  }

  #incomplete(what: string, left: number): JitneyError {
    const where = `element ${this.#elements.length}`;
    return new JitneyError('INVALID_ARGUMENT', `${what} but only ${left} bytes available (${where})`);
  }

  #wrongCount(got: string): JitneyError {
    const message = `expected ${this.#expected} string elements for ${this.#input}, got ${got}`;
    return new JitneyError('INVALID_ARGUMENT', message);
  }
}
