import type { Moment } from '@jitney/core';

/** Arrivals so long ago count a third: short against a burst, so that runs grow while it lasts (bench simulator). */
const MEMORY_MS = 150;
/** What is seen of less time says little. */
const LEAST_MS = 20;

/** Rows that come a millisecond, of late. */
export class ArrivalRate {
  #rows = 0;
  /** Time that counts: each millisecond as much as what came in it. */
  #ms = 0;
  /** `Infinity`: nothing has come. */
  #atMs: Moment = Number.POSITIVE_INFINITY;

  add(rows: number, now: Moment): void {
    this.#age(now);
    this.#atMs = now;
    this.#rows += rows;
  }

  perMs(now: Moment): number {
    this.#age(now);
    return this.#rows / Math.max(LEAST_MS, this.#ms);
  }

  #age(now: Moment): void {
    const passedMs = now - this.#atMs;
    if (passedMs <= 0) return;
    const left = Math.exp(-passedMs / MEMORY_MS);
    this.#rows *= left;
    this.#ms = this.#ms * left + MEMORY_MS * (1 - left);
    this.#atMs = now;
  }
}
