import { type Entry, JitneyError, type Moment } from '@jitney/core';
import { LinkedList, type ListNode, type ReadonlyList } from './linked-list.js';
import { classOf, classTimesMs } from './rules/urgency.js';
import type { Seat, Ticket, Waiting } from './ticket.js';

export interface QueueLimits {
  /** Most entries that may wait. */
  readonly maxEntries: number;
  /** Most bytes that the waiting entries may hold together. */
  readonly maxBytes: number;
}

/** What waits, as a scheduler reads it. */
export interface QueueView<T extends Waiting> {
  /** Rows whose run failed among others: each runs again, by itself, before anything else does. */
  readonly again: ReadonlyList<Seat<T>>;
  /** The most urgent first. */
  readonly classes: readonly PriorityClass<T>[];
  /** Rows that wait, beside `again`. */
  readonly rows: number;
}

/** Entries of one priority. */
export interface PriorityClass<T extends Waiting> {
  /** In which its entries should be answered, in ms. */
  readonly timeMs: number;
  /** Rows of all of them that wait. */
  readonly rows: number;
  /** All of them, the oldest first. */
  readonly waiting: ReadonlyList<T>;
  /** The same by their compatibility, each kind with its oldest first; entries that share no run are in none. */
  readonly kinds: ReadonlyMap<string, ReadonlyList<T>>;
}

/**
 * Orders what waits: by class, then by arrival. Every operation takes constant time, and an entry that is taken out
 * anywhere leaves nothing behind.
 */
export class RequestQueue implements QueueView<Ticket> {
  readonly again = new LinkedList<Seat<Ticket>>();
  readonly classes: readonly ClassQueue[];
  readonly #limits: QueueLimits;
  #entries = 0;
  #rows = 0;
  #units = 0;
  #bytes = 0;

  /** @param latencyMs In which requests should be answered; `null` where nobody says. */
  constructor(limits: QueueLimits, latencyMs: number | null = null) {
    this.#limits = limits;
    this.classes = classTimesMs(latencyMs).map((timeMs) => new ClassQueue(timeMs));
  }

  /** Entries of which rows wait, beside `again`. */
  get entries(): number {
    return this.#entries;
  }

  /** Rows that wait, beside `again`. */
  get rows(): number {
    return this.#rows;
  }

  /** Work of the rows that wait, in the task's unit. */
  get units(): number {
    return this.#units;
  }

  /** Bytes of the entries of which rows wait: a split entry counts in full until its last rows are taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Why there is no room for the entry, or `null`. `retryAfterMs` is asked only when it is refused for now. */
  refusal({ bytes }: Entry, retryAfterMs: () => number): JitneyError | null {
    const { maxEntries, maxBytes } = this.#limits;
    if (bytes > maxBytes) {
      return new JitneyError(
        'TOO_LARGE',
        `the request's tensors take ${bytes} bytes, more than the ${maxBytes} that may wait for the model together. ` +
          'Send fewer rows at a time, or raise queue.maxBytes.',
      );
    }
    const full =
      this.#entries >= maxEntries
        ? `${this.#entries} requests wait for the model (queue.maxEntries is ${maxEntries})`
        : this.#bytes + bytes > maxBytes
          ? `requests of ${this.#bytes} bytes wait for the model and this one has ${bytes} (queue.maxBytes is ${maxBytes})`
          : null;
    if (full === null) return null;
    return new JitneyError('QUEUE_FULL', `Exceeds maximum queue size: ${full}`, { retryAfterMs: retryAfterMs() });
  }

  /** Puts it behind those of its priority. The caller has asked for a `refusal`. */
  push(ticket: Ticket): void {
    const { entry } = ticket;
    this.#classOf(entry).push(ticket);
    this.#entries += 1;
    this.#rows += entry.rows;
    this.#units += entry.cost;
    this.#bytes += entry.bytes;
  }

  /**
   * Hands the rows of a seat to a run. An entry of which all rows are taken has left the queue; one of which some are left
   * goes behind those of its class, so that a huge one does not hold up all that come after it.
   */
  take(seat: Seat<Ticket>, now: Moment): void {
    const { ticket, rows } = seat;
    const { entry } = ticket;
    const again = ticket.inAgain.find((node) => node.item === seat);
    if (again !== undefined) return this.#leaveAgain(again);
    ticket.nextRow += rows;
    if (ticket.nextRow >= entry.rows) {
      this.#leave(ticket, rows);
    } else {
      this.#rows -= rows;
      this.#classOf(entry).putBack(ticket, rows);
      ticket.sinceMs = now;
      this.#units -= (entry.cost * rows) / entry.rows;
    }
  }

  /** Takes a waiting entry out. */
  remove(ticket: Ticket): void {
    this.#leave(ticket, ticket.entry.rows - ticket.nextRow);
  }

  /** Puts rows whose run failed before everything else. They were admitted before, so nothing bounds them. */
  repeat(seat: Seat<Ticket>): void {
    seat.ticket.inAgain = [...seat.ticket.inAgain, this.again.push(seat)];
  }

  /** Takes out what was to be run again of an entry. */
  removeAgain(ticket: Ticket): void {
    for (const node of ticket.inAgain) this.#leaveAgain(node);
  }

  #leaveAgain(node: ListNode<Seat<Ticket>>): void {
    const { ticket } = node.item;
    this.again.remove(node);
    ticket.inAgain = ticket.inAgain.filter((other) => other !== node);
  }

  #leave(ticket: Ticket, waitingRows: number): void {
    const { entry } = ticket;
    this.#classOf(entry).remove(ticket, waitingRows);
    this.#entries -= 1;
    this.#rows -= waitingRows;
    this.#units -= entry.rows === 0 ? entry.cost : (entry.cost * waitingRows) / entry.rows;
    this.#bytes -= entry.bytes;
    // Fractions of split entries do not add up exactly.
    if (this.#entries === 0) this.#units = 0;
  }

  #classOf({ priority }: Entry): ClassQueue {
    return this.classes[classOf(priority)] as ClassQueue;
  }
}

class ClassQueue implements PriorityClass<Ticket> {
  readonly timeMs: number;
  rows = 0;
  readonly waiting = new LinkedList<Ticket>();
  readonly kinds = new Map<string, LinkedList<Ticket>>();

  constructor(timeMs: number) {
    this.timeMs = timeMs;
  }

  push(ticket: Ticket): void {
    this.rows += ticket.entry.rows;
    this.#append(ticket);
  }

  /** So many of its rows were taken. */
  putBack(ticket: Ticket, rows: number): void {
    this.remove(ticket, rows);
    this.#append(ticket);
  }

  #append(ticket: Ticket): void {
    ticket.inClass = this.waiting.push(ticket);
    const { compatibility } = ticket.entry;
    if (compatibility === null) return;
    let kind = this.kinds.get(compatibility);
    if (kind === undefined) {
      kind = new LinkedList();
      this.kinds.set(compatibility, kind);
    }
    ticket.inKind = kind.push(ticket);
  }

  remove(ticket: Ticket, waitingRows: number): void {
    this.rows -= waitingRows;
    if (ticket.inClass !== null) this.waiting.remove(ticket.inClass);
    ticket.inClass = null;
    const { compatibility } = ticket.entry;
    if (compatibility === null || ticket.inKind === null) return;
    const kind = this.kinds.get(compatibility) as LinkedList<Ticket>;
    kind.remove(ticket.inKind);
    ticket.inKind = null;
    // Clients choose shapes: kinds that nobody waits in must not pile up.
    if (kind.size === 0) this.kinds.delete(compatibility);
  }
}
