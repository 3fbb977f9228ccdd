import type { StringToken } from '../json/string-token.js';
import type { Column } from './column.js';

/** Strings as UTF-8, one after the other in one buffer. */
export class BytesColumn implements Column {
  #bytes = new Uint8Array(64);
  #length = 0;
  readonly #ends: number[] = [];

  get count(): number {
    return this.#ends.length;
  }

  push(token: StringToken, what: () => string): void {
    this.#reserve(this.#length + token.size);
    this.#length += token.writeUtf8(this.#bytes, this.#length, what);
    this.#ends.push(this.#length);
  }

  finish(): Uint8Array[] {
    let start = 0;
    return this.#ends.map((end) => {
      const element = this.#bytes.subarray(start, end);
      start = end;
      return element;
    });
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(length, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
