const EMPTY = -1;
const LEAST_SLOTS = 16;

/**
 * A map from whole numbers of at least 0, for entries that come and go all day. Does what `Map` does, but for the order,
 * in one place: `Map` makes a new table every few entries, and each old one, once the collector has moved it among the old
 * objects, keeps all the later ones alive, with whatever was in them: collections of young objects took 5.5 ms instead of 1.6
 * (docs/design/cost-of-a-request.md).
 *
 * Open addressing with linear probing; what is taken out is closed up behind it (Knuth, The Art of Computer Programming,
 * 6.4, Algorithm R).
 */
export class NumberMap<V> {
  #keys = emptyKeys(LEAST_SLOTS);
  #values: (V | undefined)[] = new Array(LEAST_SLOTS).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: number): V | undefined {
    return this.#values[this.#slotOf(key)];
  }

  has(key: number): boolean {
    return this.#keys[this.#slotOf(key)] === key;
  }

  set(key: number, value: V): void {
    const slot = this.#slotOf(key);
    if (this.#keys[slot] !== key) this.#size += 1;
    this.#keys[slot] = key;
    this.#values[slot] = value;
    if (2 * this.#size > this.#keys.length) this.#resize(2 * this.#keys.length);
  }

  /** False: it was not there. */
  delete(key: number): boolean {
    const slot = this.#slotOf(key);
    if (this.#keys[slot] !== key) return false;
    this.#size -= 1;
    this.#closeUp(slot);
    if (this.#keys.length > LEAST_SLOTS && 16 * this.#size < this.#keys.length) this.#resize(this.#keys.length / 4);
    return true;
  }

  clear(): void {
    this.#size = 0;
    this.#keys = emptyKeys(LEAST_SLOTS);
    this.#values = new Array(LEAST_SLOTS).fill(undefined);
  }

  /** All values, by their keys from the least: what is set or deleted meanwhile changes nothing of it. */
  values(): V[] {
    const slots: number[] = [];
    for (let slot = 0; slot < this.#keys.length; slot++) if (this.#keys[slot] !== EMPTY) slots.push(slot);
    slots.sort((a, b) => (this.#keys[a] as number) - (this.#keys[b] as number));
    return slots.map((slot) => this.#values[slot] as V);
  }

  /** Where the key is, or would be. */
  #slotOf(key: number): number {
    const mask = this.#keys.length - 1;
    let slot = hash(key) & mask;
    while (this.#keys[slot] !== key && this.#keys[slot] !== EMPTY) slot = (slot + 1) & mask;
    return slot;
  }

  /** Empties a slot, and moves into it who is farther from its place than need be. */
  #closeUp(from: number): void {
    const mask = this.#keys.length - 1;
    let hole = from;
    for (let slot = (from + 1) & mask; this.#keys[slot] !== EMPTY; slot = (slot + 1) & mask) {
      const key = this.#keys[slot] as number;
      const distance = (slot - hash(key)) & mask;
      if (distance < ((slot - hole) & mask)) continue;
      this.#keys[hole] = key;
      this.#values[hole] = this.#values[slot];
      hole = slot;
    }
    this.#keys[hole] = EMPTY;
    this.#values[hole] = undefined;
  }

  #resize(slots: number): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = emptyKeys(Math.max(LEAST_SLOTS, slots));
    this.#values = new Array(this.#keys.length).fill(undefined);
    for (let from = 0; from < keys.length; from++) {
      const key = keys[from] as number;
      if (key === EMPTY) continue;
      const slot = this.#slotOf(key);
      this.#keys[slot] = key;
      this.#values[slot] = values[from];
    }
  }
}

function emptyKeys(slots: number): Float64Array {
  return new Float64Array(slots).fill(EMPTY);
}

/** Fibonacci hashing of both halves of the number. */
function hash(key: number): number {
  const high = Math.floor(key / 0x1_0000_0000);
  return Math.imul((key | 0) ^ high, 0x9e37_79b1) >>> 7;
}
