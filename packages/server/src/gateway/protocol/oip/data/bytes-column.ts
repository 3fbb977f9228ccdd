import { NOTHING } from '../json/carry.js';
import type { StringToken } from '../json/string-token.js';
import type { Column } from './column.js';

/** Memory is taken in slabs: the first of this size, each next one twice as large. */
const FIRST_SLAB_BYTES = 64;
const MOST_SLAB_BYTES = 64 * 1024;

/** Strings as UTF-8, next to each other in slabs of memory. */
export class BytesColumn implements Column {
  readonly #elements: Uint8Array[] = [];
  #slab: Uint8Array = NOTHING;
  #used = 0;

  get count(): number {
    return this.#elements.length;
  }

  push(token: StringToken, what: () => string): void {
    const utf8 = token.utf8(what);
    if (utf8.length > this.#slab.length - this.#used) this.#nextSlab(utf8.length);
    const end = this.#used + utf8.length;
    this.#slab.set(utf8, this.#used);
    this.#elements.push(this.#slab.subarray(this.#used, end));
    this.#used = end;
  }

  finish(): Uint8Array[] {
    return this.#elements;
  }

  #nextSlab(atLeast: number): void {
    const doubled = Math.min(Math.max(this.#slab.length * 2, FIRST_SLAB_BYTES), MOST_SLAB_BYTES);
    this.#slab = new Uint8Array(Math.max(doubled, atLeast));
    this.#used = 0;
  }
}
