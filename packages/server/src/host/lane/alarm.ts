import type { Clock, Moment } from '@jitney/core';

const NEVER = Number.POSITIVE_INFINITY;

/** One timer that is set to another moment as need be. */
export class Alarm {
  readonly #clock: Clock;
  readonly #onRing: () => void;
  #atMs: Moment = NEVER;
  #cancel: () => void = () => {};

  constructor(clock: Clock, onRing: () => void) {
    this.#clock = clock;
    this.#onRing = onRing;
  }

  /** When it rings; `Infinity`: it is not set. */
  get atMs(): Moment {
    return this.#atMs;
  }

  set(atMs: Moment): void {
    if (atMs === this.#atMs) return;
    this.#cancel();
    this.#atMs = atMs;
    this.#cancel = this.#clock.at(atMs, this.#ring);
  }

  /** It rings no more until it is set again. */
  clear(): void {
    this.#cancel();
    this.#atMs = NEVER;
  }

  readonly #ring = (): void => {
    this.#atMs = NEVER;
    this.#onRing();
  };
}
