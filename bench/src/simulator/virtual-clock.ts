import type { Clock, Moment } from '@jitney/core';
import { EventHeap } from './event-heap.js';

/** A clock whose time goes from event to event, as fast as they can be dealt with. */
export class VirtualClock implements Clock {
  #now: Moment = 0;
  #soon: (() => void)[] = [];
  readonly #events = new EventHeap();

  now(): Moment {
    return this.#now;
  }

  at(moment: Moment, callback: () => void): () => void {
    const event = this.#events.add(moment, callback);
    return () => {
      event.isCancelled = true;
    };
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  /** When the next event is due: in the past where something held the loop meanwhile. `Infinity`: there is none. */
  get nextAtMs(): Moment {
    return this.#events.first?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Whether something was put off until what is due has been dealt with. */
  get isTurnAwaited(): boolean {
    return this.#soon.length > 0;
  }

  /** Ends one turn of the loop: what was put off comes; what that puts off waits for another turn. */
  turn(): void {
    const callbacks = this.#soon;
    this.#soon = [];
    for (const callback of callbacks) callback();
  }

  /** Waits until a moment; time never goes back. */
  waitUntil(moment: Moment): void {
    if (moment > this.#now) this.#now = moment;
  }

  /** Time passes while something holds the loop: what becomes due comes late. */
  pass(ms: number): void {
    this.#now += ms;
  }

  /** The next event happens, at its moment or now, whichever is later. */
  happen(): void {
    const event = this.#events.take();
    if (event === null) return;
    this.waitUntil(event.atMs);
    event.happen();
  }
}
