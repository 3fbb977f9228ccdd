import type { NumericArray, Tensor } from '@jitney/core';

/** Kept for the next frames, in all: what was given back and nobody takes. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024;

/** Less is nobody's to give back: so that small frames cost no look. */
const LEAST_BYTES = 32 * 1024;

/** Sizes between two powers of two: what is taken is at most a quarter larger than what was asked for. */
const STEPS = 4;

/**
 * Memory of large frames and tensors, used again once whoever has it gives it back. What is never given back is left to
 * the garbage collector: that is always right, but dear. It counts such memory and goes through the whole heap for each
 * 64 MiB of it, which took more than half of a gateway's time with tensors of 600 KB (docs/design/threads.md), and the
 * system has to clear each page anew.
 */
export class LargeBuffers {
  /** What was taken, with how many of its bytes are not given back. */
  readonly #lent = new WeakMap<ArrayBufferLike, number>();
  readonly #free = new Map<number, ArrayBuffer[]>();
  #keptBytes = 0;

  /** Bytes that wait to be taken again. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /**
   * Memory whose bytes are whatever was there before: write all of it before anybody reads it. Behind it, where code of
   * a model's own might look through a view's `buffer`, there are zeros.
   */
  take(byteLength: number): Buffer {
    return this.takeLarge(byteLength) ?? Buffer.allocUnsafeSlow(byteLength);
  }

  /** The same; `null` where so little is not worth it. */
  takeLarge(byteLength: number): Buffer | null {
    if (byteLength < LEAST_BYTES) return null;
    const size = sizeClass(byteLength);
    let buffer = this.#free.get(size)?.pop();
    if (buffer === undefined) buffer = Buffer.allocUnsafeSlow(size).buffer as ArrayBuffer;
    else this.#keptBytes -= size;
    this.#lent.set(buffer, byteLength);
    new Uint8Array(buffer, byteLength).fill(0);
    return Buffer.from(buffer, 0, byteLength);
  }

  /**
   * Gives back what `take` gave, by any view's `buffer`. Call it once, and only when nobody reads or writes it any more.
   * Memory that is not from here is left alone.
   */
  give(buffer: ArrayBufferLike): void {
    if (buffer.byteLength < LEAST_BYTES || !this.#lent.delete(buffer)) return;
    const size = buffer.byteLength;
    if (this.#keptBytes + size > MAX_KEPT_BYTES) return;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer as ArrayBuffer]);
    else free.push(buffer as ArrayBuffer);
    this.#keptBytes += size;
  }

  /** Gives back the memory of the frame that `tensors` came in. */
  giveFrame(tensors: readonly Tensor[]): void {
    for (const { dtype, data } of tensors) {
      if (dtype !== 'BYTES') this.give((data as NumericArray).buffer);
      else for (const element of data as readonly Uint8Array[]) this.give(element.buffer);
    }
  }

  /** Whether {@link giveShares} of these would give anything back. */
  hasLent(tensors: readonly Tensor[]): boolean {
    for (const { dtype, data } of tensors) if (dtype !== 'BYTES' && this.#isLent(data as NumericArray)) return true;
    return false;
  }

  /**
   * Gives back these tensors' bytes of memory that others have shares in, as requests have that rode together: with its
   * last byte the memory is back. Each share once.
   */
  giveShares(tensors: readonly Tensor[]): void {
    for (const [index, { dtype, data }] of tensors.entries()) {
      if (dtype === 'BYTES' || !this.#isLent(data as NumericArray)) continue;
      // An output that is asked for twice is one share.
      if (tensors.findIndex((other) => isSame(other.data as NumericArray, data as NumericArray)) < index) continue;
      const { buffer, byteLength } = data as NumericArray;
      const left = (this.#lent.get(buffer) as number) - byteLength;
      if (left <= 0) this.give(buffer);
      else this.#lent.set(buffer, left);
    }
  }

  #isLent({ buffer }: NumericArray): boolean {
    return buffer.byteLength >= LEAST_BYTES && this.#lent.has(buffer);
  }
}

function isSame(a: NumericArray, b: NumericArray): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset;
}

/** The next quarter between two powers of two. */
function sizeClass(byteLength: number): number {
  const step = 2 ** Math.floor(Math.log2(byteLength)) / STEPS;
  return Math.ceil(byteLength / step) * step;
}
