import type { Moment } from '@jitney/core';

/** Something that happens at a moment of virtual time. */
export interface VirtualEvent {
  readonly atMs: Moment;
  /** Of events of one moment, the lower one comes first. */
  readonly order: number;
  readonly happen: () => void;
  isCancelled: boolean;
}

/** Events by their moments, and in the order they were added where these are equal: a binary heap. */
export class EventHeap {
  readonly #events: VirtualEvent[] = [];
  #added = 0;

  /** The first event that was not cancelled. */
  get first(): VirtualEvent | null {
    while (this.#events[0]?.isCancelled === true) this.#removeFirst();
    return this.#events[0] ?? null;
  }

  add(atMs: Moment, happen: () => void): VirtualEvent {
    const event = { atMs, order: this.#added++, happen, isCancelled: false };
    const events = this.#events;
    let index = events.length;
    events.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (isBefore(events[parent]!, event)) break;
      events[index] = events[parent]!;
      index = parent;
    }
    events[index] = event;
    return event;
  }

  /** Takes the first one out. */
  take(): VirtualEvent | null {
    const { first } = this;
    if (first !== null) this.#removeFirst();
    return first;
  }

  #removeFirst(): void {
    const events = this.#events;
    const moved = events.pop()!;
    const count = events.length;
    if (count === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= count) break;
      if (child + 1 < count && isBefore(events[child + 1]!, events[child]!)) child += 1;
      if (isBefore(moved, events[child]!)) break;
      events[index] = events[child]!;
      index = child;
    }
    events[index] = moved;
  }
}

function isBefore(a: VirtualEvent, b: VirtualEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
