import type { Address } from './function-table.js';
import type { Koffi } from './koffi.js';

/**
 * A row of pointer-sized places that native code reads or writes, at a fixed address.
 * Whoever passes `at()` to native code keeps the object alive until that code is done with it.
 */
export class Slots {
  readonly length: number;
  readonly #words: BigUint64Array;
  readonly #ints: Int32Array;
  readonly #at: readonly Address[];

  constructor(koffi: Koffi, length: number) {
    this.length = length;
    // An explicit ArrayBuffer: small typed arrays live on V8's heap, which moves.
    this.#words = new BigUint64Array(new ArrayBuffer(Math.max(1, length) * 8));
    this.#ints = new Int32Array(this.#words.buffer);
    const base = koffi.address(this.#words);
    this.#at = Array.from({ length: Math.max(1, length) }, (_, index) => base + BigInt(index * 8));
  }

  /** Address of the place. */
  at(index: number): Address {
    return this.#at[index] as Address;
  }

  /** What stands in the place; 0n is NULL. */
  get(index: number): Address {
    return this.#words[index] as Address;
  }

  set(index: number, value: Address): void {
    this.#words[index] = value;
  }

  /** The place read as a size_t or int64_t. */
  size(index: number): number {
    return Number(BigInt.asIntN(64, this.#words[index] as bigint));
  }

  /** The place read as a C int or enumeration: its first four bytes (every platform with a library is little-endian). */
  int(index: number): number {
    return this.#ints[index * 2] as number;
  }

  clear(): void {
    this.#words.fill(0n);
  }
}

/** Sizes as the runtime reads them: int64, written as two halves since BigInts would be allocated one by one. */
export class Dimensions {
  readonly rank: number;
  readonly #halves: Uint32Array;
  readonly at: Address;

  constructor(koffi: Koffi, rank: number) {
    this.rank = rank;
    this.#halves = new Uint32Array(new ArrayBuffer(rank * 8));
    this.at = koffi.address(this.#halves);
  }

  write(shape: readonly number[]): Address {
    for (let axis = 0; axis < shape.length; axis++) {
      const size = shape[axis] as number;
      this.#halves[axis * 2] = size % 2 ** 32;
      this.#halves[axis * 2 + 1] = Math.floor(size / 2 ** 32);
    }
    return this.at;
  }

  read(rank: number): number[] {
    const shape = new Array<number>(rank);
    for (let axis = 0; axis < rank; axis++) {
      shape[axis] = (this.#halves[axis * 2] as number) + (this.#halves[axis * 2 + 1] as number) * 2 ** 32;
    }
    return shape;
  }
}

/** `text` as C reads it: UTF-8, ended by NUL. */
export function cString(text: string): Uint8Array {
  return Buffer.from(`${text}\0`, 'utf8');
}

/** A path as the runtime's ORTCHAR_T reads it: UTF-16 on Windows, UTF-8 elsewhere. */
export function cPath(path: string): Uint8Array {
  return Buffer.from(`${path}\0`, process.platform === 'win32' ? 'utf16le' : 'utf8');
}

/** What native code may be reading or writing now. */
const PINS = new Set<object>();

/** Keeps `memory` alive until the answer is called. */
export function pin(memory: object): () => void {
  // A holder of its own: the same memory may be in use twice.
  const holder = { memory };
  PINS.add(holder);
  return () => PINS.delete(holder);
}

/**
 * Makes a native call while `memory` stays alive. A variable in scope is not enough: the engine may free what it
 * refers to as soon as no later line reads it, with the native side still holding the address.
 */
export function pinned<T>(memory: object, call: () => T): T {
  const unpin = pin(memory);
  try {
    return call();
  } finally {
    unpin();
  }
}

/** The same for a call on another thread: `memory` stays alive until `done`. */
export function pinnedAsync(memory: object, call: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const unpin = pin(memory);
    const done = (error: Error | null) => {
      unpin();
      if (error === null) resolve();
      else reject(error);
    };
    try {
      call(done);
    } catch (error) {
      done(error as Error);
    }
  });
}
