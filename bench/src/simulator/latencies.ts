/** Latencies of all requests that were answered: exact, whatever their unit and range. */
export class Latencies {
  readonly #sorted: Float64Array;

  /** @param values In ms; taken over, and sorted. */
  constructor(values: Float64Array) {
    this.#sorted = values.sort();
  }

  get count(): number {
    return this.#sorted.length;
  }

  /** NaN where nothing was answered, as are the others. */
  get meanMs(): number {
    let sum = 0;
    for (const value of this.#sorted) sum += value;
    return sum / this.#sorted.length;
  }

  get maxMs(): number {
    return this.#sorted.at(-1) ?? Number.NaN;
  }

  /** The smallest latency that at least `percent` % of all do not exceed. */
  percentileMs(percent: number): number {
    const rank = Math.max(1, Math.ceil((percent / 100) * this.#sorted.length));
    return this.#sorted[rank - 1] ?? Number.NaN;
  }

  /** How many took no longer. */
  countWithin(ms: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle]! <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
