import type { Clock, Moment } from '@jitney/core';
import { Alarm } from './alarm.js';
import { DeadlineHeap } from './deadline-heap.js';
import type { Ticket } from './ticket.js';

export interface DeadlineEvents {
  /** The timer rang; there may be nobody whose deadline has passed, since those who left do not set it back. */
  readonly onRing: (now: Moment) => void;
  /** Must take the ticket out. */
  readonly onExpired: (ticket: Ticket, now: Moment) => void;
}

/** Watches the deadlines of all entries in a lane with one timer. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #events: DeadlineEvents;
  readonly #heap = new DeadlineHeap();
  readonly #alarm: Alarm;

  constructor(clock: Clock, events: DeadlineEvents) {
    this.#clock = clock;
    this.#events = events;
    this.#alarm = new Alarm(clock, () => this.#ring());
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
    this.#alarm.clear();
  }

  #setAlarm(): void {
    const { earliestAtMs } = this.#heap;
    if (earliestAtMs < this.#alarm.atMs) this.#alarm.set(earliestAtMs);
  }

  #ring(): void {
    const now = this.#clock.now();
    this.#events.onRing(now);
    for (let first = this.#heap.first; first !== null; first = this.#heap.first) {
      if (first.entry.deadlineAtMs > now) break;
      this.#events.onExpired(first, now);
    }
    this.#setAlarm();
  }
}
