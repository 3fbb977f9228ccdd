import type { Clock } from '@jitney/core';

interface Waiting {
  readonly alone: boolean;
  readonly begin: () => void;
}

/** A run may outlive its request (nobody waits for it any more): so often is looked whether it has ended. */
const LOOK_AGAIN_MS = 5;

/**
 * Lets requests begin, in the order they come: any number side by side, but one that must be alone only when nothing
 * else is in the process, and nothing else until it is over. From the first byte of its decoding to its answer, so that
 * a process that ends meanwhile was ended by it.
 */
export class ExclusiveGate {
  readonly #isIdle: () => boolean;
  readonly #clock: Clock;
  readonly #waiting: Waiting[] = [];
  #inside = 0;
  #isExclusive = false;
  #isLooking = false;

  /** @param isIdle - whether no run is in flight, where no request is */
  constructor(isIdle: () => boolean, clock: Clock) {
    this.#isIdle = isIdle;
    this.#clock = clock;
  }

  /** Lets it begin now, where nobody is alone or waits to be, which is nearly always. False: {@link enter} waits. */
  enterAtOnce(alone: boolean): boolean {
    if (alone || this.#isExclusive || this.#waiting.length > 0) return false;
    this.#inside += 1;
    return true;
  }

  /** Calls `begin` as soon as it may. Answers how to wait no longer. */
  enter(alone: boolean, begin: () => void): () => void {
    if (this.enterAtOnce(alone)) {
      begin();
      return () => {};
    }
    const waiting: Waiting = { alone, begin };
    this.#waiting.push(waiting);
    this.#admit();
    return () => {
      const place = this.#waiting.indexOf(waiting);
      if (place < 0) return;
      this.#waiting.splice(place, 1);
      this.#admit();
    };
  }

  /** One that had begun is over. */
  leave(): void {
    this.#inside -= 1;
    this.#isExclusive = false;
    if (this.#waiting.length > 0) this.#admit();
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#mayBegin(next); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#inside += 1;
      this.#isExclusive = next.alone;
      next.begin();
    }
  }

  #mayBegin({ alone }: Waiting): boolean {
    if (this.#isExclusive) return false;
    if (!alone) return true;
    if (this.#inside > 0) return false;
    if (this.#isIdle()) return true;
    this.#lookAgain();
    return false;
  }

  #lookAgain(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#clock.at(this.#clock.now() + LOOK_AGAIN_MS, () => {
      this.#isLooking = false;
      this.#admit();
    });
  }
}
