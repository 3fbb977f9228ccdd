import type { Clock, Moment } from '@jitney/core';
import { DeadlineHeap } from './deadline-heap.js';
import type { Ticket } from './ticket.js';

/** Watches the deadlines of all entries in a lane with one timer. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #onExpired: (ticket: Ticket, now: Moment) => void;
  readonly #heap = new DeadlineHeap();
  #alarmAtMs: Moment = Number.POSITIVE_INFINITY;
  #cancelAlarm: () => void = () => {};

  /** `onExpired` must take the ticket out. */
  constructor(clock: Clock, onExpired: (ticket: Ticket, now: Moment) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  add(ticket: Ticket): void {
    this.#heap.add(ticket);
    this.#setAlarm();
  }

  /** The timer stays where it was: setting it for each entry would cost more than the rest of its way. */
  remove(ticket: Ticket): void {
    this.#heap.remove(ticket);
  }

  close(): void {
    this.#cancelAlarm();
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
  }

  #setAlarm(): void {
    const { earliestAtMs } = this.#heap;
    if (earliestAtMs >= this.#alarmAtMs) return;
    this.#cancelAlarm();
    this.#alarmAtMs = earliestAtMs;
    this.#cancelAlarm = this.#clock.at(earliestAtMs, () => this.#ring());
  }

  #ring(): void {
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    for (let first = this.#heap.first; first !== null; first = this.#heap.first) {
      if (first.entry.deadlineAtMs > now) break;
      this.#onExpired(first, now);
    }
    this.#setAlarm();
  }
}
