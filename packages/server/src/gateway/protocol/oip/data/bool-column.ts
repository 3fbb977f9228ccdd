import type { Column } from './column.js';

/** Truth values, a byte each: 0 or 1. */
export class BoolColumn implements Column {
  #bytes = new Uint8Array(16);
  count = 0;

  push(value: boolean): void {
    if (this.count === this.#bytes.length) {
      const grown = new Uint8Array(this.count * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.count++] = value ? 1 : 0;
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.count);
  }
}
