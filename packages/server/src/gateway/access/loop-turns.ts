import type { Clock, Moment } from '@jitney/core';

/**
 * The turns of this process's event loop, as those see them who wait for it. What is read in a turn was there when the
 * turn began: under overload requests age unread, and a clock that starts when they are parsed does not see it.
 */
export class LoopTurns {
  readonly #clock: Clock;
  #startedAtMs: Moment | null = null;
  #lastMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long the last turn took in which requests were read. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** When the turn began in which a request is being read. */
  startedAtMs(): Moment {
    if (this.#startedAtMs === null) {
      this.#startedAtMs = this.#clock.now();
      this.#clock.soon(this.#onEnd);
    }
    return this.#startedAtMs;
  }

  readonly #onEnd = (): void => {
    this.#lastMs = this.#clock.now() - (this.#startedAtMs as Moment);
    this.#startedAtMs = null;
  };
}
