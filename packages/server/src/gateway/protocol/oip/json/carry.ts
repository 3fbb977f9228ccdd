/** No bytes. */
export const NOTHING: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** Bytes of a token whose end has not come yet. Grows by doubling, so by at most twice what was received. */
export class Carry {
  #bytes = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The bytes so far; only the first `length` count, and only until the next call of `append`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  append(bytes: Uint8Array, from: number, to: number): void {
    const length = this.#length + to - from;
    this.#reserve(length);
    this.#bytes.set(bytes.subarray(from, to), this.#length);
    this.#length = length;
  }

  push(byte: number): void {
    this.#reserve(this.#length + 1);
    this.#bytes[this.#length++] = byte;
  }

  /** Hands the bytes over and starts anew. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = NOTHING;
    this.#length = 0;
    return taken;
  }

  clear(): void {
    this.#length = 0;
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(length, this.#bytes.length * 2, 64));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
