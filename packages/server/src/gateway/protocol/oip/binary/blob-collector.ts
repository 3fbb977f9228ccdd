import type { LargeBuffers } from '../../../../wire/large-buffers.js';

/** Up to here a blob's memory is taken as soon as its first byte comes. */
const SMALL_BYTES = 2 ** 20;
/** Above, once an eighth of it has come: a claim alone takes no memory. */
const FRACTION = 8;

/**
 * Collects a known number of bytes that arrive in chunks into one piece of memory. Where they lie in one chunk, and
 * aligned, that piece is a view of the chunk.
 */
export class BlobCollector {
  readonly byteLength: number;
  readonly #alignment: number;
  readonly #memory: LargeBuffers;
  #pieces: Uint8Array[] = [];
  #received = 0;
  /** The memory, once it has been taken, and all that was received is in it. */
  #whole: Uint8Array | null = null;

  /** @param alignment - what the address of the first byte must be a multiple of: 1, 2, 4 or 8 */
  constructor(byteLength: number, alignment: number, memory: LargeBuffers) {
    this.byteLength = byteLength;
    this.#memory = memory;
    this.#alignment = alignment;
  }

  /** Bytes that have not come. */
  get missing(): number {
    return this.byteLength - this.#received;
  }

  /** Takes what is missing from `chunk`, from `from` on, and answers how far that went. Keeps a reference to the chunk. */
  write(chunk: Uint8Array, from: number): number {
    const to = Math.min(chunk.length, from + this.missing);
    const piece = chunk.subarray(from, to);
    if (this.#whole !== null) this.#whole.set(piece, this.#received);
    else this.#pieces.push(piece);
    this.#received += to - from;
    if (this.#whole === null && this.missing > 0 && this.#mayAllocate()) this.#allocate();
    return to;
  }

  /** The bytes, when none is missing. */
  finish(): Uint8Array {
    const only = this.#pieces.length === 1 ? this.#pieces[0] : undefined;
    if (only !== undefined && only.byteOffset % this.#alignment === 0) return only;
    return this.#whole ?? this.#allocate();
  }

  #mayAllocate(): boolean {
    return this.byteLength <= SMALL_BYTES || this.#received >= this.byteLength / FRACTION;
  }

  #allocate(): Uint8Array {
    // Every byte is written before `finish`.
    const whole = this.#memory.take(this.byteLength);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#whole = whole;
    return whole;
  }
}
