import type { Clock, Moment } from '@jitney/core';

/**
 * The turns of this process's event loop, as those see them who wait for it. What is read in a turn was there when the
 * turn began, or came since: under overload requests age unread, and a clock that starts when they are parsed does not see
 * it.
 */
export class LoopTurns {
  readonly #clock: Clock;
  #startedAtMs: Moment | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
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
    this.#startedAtMs = null;
  };
}
