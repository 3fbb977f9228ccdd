import type { LaneStats, Moment, Pipeline } from '@jitney/core';

/** Knows since when the calls of a model's own code last that have not returned. */
export class OwnCodeWatch {
  readonly #now: () => Moment;
  /** Moments in which they began, the oldest first. */
  readonly #begun = new Map<number, Moment>();
  #lastId = 0;

  constructor(now: () => Moment) {
    this.#now = now;
  }

  /** The lane's figures, with the oldest of these calls counted as a run. */
  countIn(stats: LaneStats): LaneStats {
    const [oldest] = this.#begun.values();
    if (oldest === undefined) return stats;
    return { ...stats, oldestRunMs: Math.max(stats.oldestRunMs, this.#now() - oldest) };
  }

  /** The pipeline, with its calls watched. */
  watch<Input, Output, Carry>(pipeline: Pipeline<Input, Output, Carry>): Pipeline<Input, Output, Carry> {
    return {
      ...pipeline,
      encode: (input, context) => this.#time(() => pipeline.encode(input, context)),
      decode: (tensors, carry, context) => this.#time(() => pipeline.decode(tensors, carry, context)),
    };
  }

  async #time<T>(call: () => T | Promise<T>): Promise<T> {
    const id = ++this.#lastId;
    this.#begun.set(id, this.#now());
    try {
      return await call();
    } finally {
      this.#begun.delete(id);
    }
  }
}
