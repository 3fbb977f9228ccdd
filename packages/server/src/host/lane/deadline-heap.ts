import type { Moment } from '@jitney/core';
import type { Ticket } from './ticket.js';

/**
 * The entries in a lane by their deadlines: a binary heap in which each entry knows its place, so that one that ends
 * early leaves at once. Mostly each deadline is later than those before it, and then adding takes constant time.
 */
export class DeadlineHeap {
  readonly #tickets: Ticket[] = [];

  /** `Infinity` when none has a deadline. */
  get earliestAtMs(): Moment {
    return this.#tickets[0]?.entry.deadlineAtMs ?? Number.POSITIVE_INFINITY;
  }

  /** The one with the earliest deadline. */
  get first(): Ticket | null {
    return this.#tickets[0] ?? null;
  }

  /** Entries without a deadline take no place. */
  add(ticket: Ticket): void {
    if (!hasDeadline(ticket)) return;
    this.#tickets.push(ticket);
    this.#rise(ticket, this.#tickets.length - 1);
  }

  /** Takes out a ticket that was added. */
  remove(ticket: Ticket): void {
    if (!hasDeadline(ticket)) return;
    const hole = ticket.heapIndex;
    const moved = this.#tickets.pop() as Ticket;
    if (moved === ticket) return;
    if (isBefore(moved, ticket)) this.#rise(moved, hole);
    else this.#sink(moved, hole);
  }

  #rise(ticket: Ticket, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#tickets[parentIndex] as Ticket;
      if (!isBefore(ticket, parent)) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(ticket, index);
  }

  #sink(ticket: Ticket, from: number): void {
    let index = from;
    for (;;) {
      const childIndex = this.#earlierChild(index);
      const child = this.#tickets[childIndex];
      if (child === undefined || !isBefore(child, ticket)) break;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(ticket, index);
  }

  #earlierChild(index: number): number {
    const left = 2 * index + 1;
    const right = left + 1;
    if (right >= this.#tickets.length) return left;
    return isBefore(this.#tickets[right] as Ticket, this.#tickets[left] as Ticket) ? right : left;
  }

  #place(ticket: Ticket, index: number): void {
    this.#tickets[index] = ticket;
    ticket.heapIndex = index;
  }
}

function hasDeadline({ entry }: Ticket): boolean {
  return entry.deadlineAtMs < Number.POSITIVE_INFINITY;
}

function isBefore(a: Ticket, b: Ticket): boolean {
  return a.entry.deadlineAtMs < b.entry.deadlineAtMs;
}
