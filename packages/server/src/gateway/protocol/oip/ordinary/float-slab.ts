const SLAB_FLOATS = 16 * 1024;

/**
 * Makes small 32-bit float arrays as parts of larger ones, which saves each a block of memory of its own. A slab is free
 * again once nobody holds any of its parts.
 */
export class FloatSlab {
  #slab = new Float32Array(0);
  #used = 0;

  /** The numbers as 32-bit floats; `null` where one is no number, or is finite and no float is. */
  copyOf(numbers: readonly unknown[]): Float32Array | null {
    const floats = this.#take(numbers.length);
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i];
      if (typeof number !== 'number') return null;
      const float = Math.fround(number);
      // JSON has no infinity, so this one was a number too large.
      if (float - float !== 0) return null;
      floats[i] = float;
    }
    return floats;
  }

  #take(count: number): Float32Array {
    if (count > SLAB_FLOATS / 4) return new Float32Array(count);
    if (this.#used + count > this.#slab.length) {
      this.#slab = new Float32Array(SLAB_FLOATS);
      this.#used = 0;
    }
    const from = this.#used;
    // The frame's tensors begin at whole numbers of 8 bytes, and so may these.
    this.#used += count + (count & 1);
    return this.#slab.subarray(from, from + count);
  }
}
