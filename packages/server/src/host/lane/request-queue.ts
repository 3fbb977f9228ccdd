import { type Entry, JitneyError } from '@jitney/core';

export interface QueueLimits {
  /** Entries that may wait. */
  readonly maxEntries: number;
  /** Bytes of tensors that may wait. */
  readonly maxBytes: number;
}

/** An entry that waits, wholly or in part. */
export interface Waiting {
  readonly entry: Entry;
  /** Rows before this one have been taken already: the entry is larger than a batch. */
  fromRow: number;
  /** Runs in a batch of its own, since a batch it was in failed. */
  solo: boolean;
  /** False once it left: taken wholly, cancelled or expired. It is skipped from then on. */
  isWaiting: boolean;
}

/**
 * Entries in the order in which they are to run: the more urgent class first, inside a class as they came.
 * Bounded by count and bytes. What leaves from the middle is only flagged, and dropped when its turn comes.
 */
export class RequestQueue {
  readonly #limits: QueueLimits;
  /** One list a class, most urgent first. */
  #classes: { readonly priority: number; readonly list: Fifo }[] = [];
  #entries = 0;
  #rows = 0;
  #bytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get entries(): number {
    return this.#entries;
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws JitneyError `QUEUE_FULL`, unless nothing else waits: a request that is too large alone must not wait for ever. */
  push(entry: Entry): Waiting {
    if (this.#entries >= this.#limits.maxEntries) throw full(`${this.#entries} requests wait`);
    if (this.#entries > 0 && this.#bytes + entry.bytes > this.#limits.maxBytes) throw full(`${this.#bytes} bytes wait`);
    const waiting: Waiting = { entry, fromRow: 0, solo: false, isWaiting: true };
    this.#listFor(entry.priority).push(waiting);
    this.#count(waiting, 1);
    return waiting;
  }

  /** Puts back what a failed batch held, before everything else of its class. Not refused: it was admitted before. */
  putBack(waiting: Waiting): void {
    waiting.isWaiting = true;
    this.#listFor(waiting.entry.priority).unshift(waiting);
    this.#count(waiting, 1);
  }

  /** Takes rows up to `toRow`; with the last of them the entry leaves. */
  take(waiting: Waiting, toRow: number): void {
    this.#rows -= toRow - waiting.fromRow;
    waiting.fromRow = toRow;
    if (toRow >= waiting.entry.rows) this.remove(waiting);
  }

  remove(waiting: Waiting): void {
    if (!waiting.isWaiting) return;
    this.#count(waiting, -1);
    waiting.isWaiting = false;
  }

  /** What waits, in order. Stop as soon as you have seen enough. */
  *[Symbol.iterator](): Iterator<Waiting> {
    for (const { list } of this.#classes) yield* list;
  }

  #count({ entry, fromRow }: Waiting, sign: 1 | -1): void {
    this.#entries += sign;
    this.#rows += sign * (entry.rows - fromRow);
    this.#bytes += sign * entry.bytes;
  }

  #listFor(priority: number): Fifo {
    for (const one of this.#classes) if (one.priority === priority) return one.list;
    const list = new Fifo();
    this.#classes = [...this.#classes, { priority, list }].sort((a, b) => a.priority - b.priority);
    return list;
  }
}

const full = (why: string) =>
  new JitneyError('QUEUE_FULL', `Exceeds maximum queue size: ${why}`, { retryAfterMs: 1_000 });

/** A list that is pushed at its end and emptied from its front; flagged members at the front are dropped for good. */
class Fifo {
  #members: Waiting[] = [];
  #head = 0;

  push(waiting: Waiting): void {
    this.#compact();
    this.#members.push(waiting);
  }

  unshift(waiting: Waiting): void {
    if (this.#head > 0) this.#members[--this.#head] = waiting;
    else this.#members.unshift(waiting);
  }

  *[Symbol.iterator](): Iterator<Waiting> {
    this.#dropLeft();
    for (let i = this.#head; i < this.#members.length; i++) {
      const waiting = this.#members[i] as Waiting;
      if (waiting.isWaiting) yield waiting;
    }
  }

  #dropLeft(): void {
    while (this.#head < this.#members.length && !(this.#members[this.#head] as Waiting).isWaiting) this.#head += 1;
    if (this.#head === this.#members.length) {
      this.#members.length = 0;
      this.#head = 0;
    }
  }

  /** Lets go of what left: of the front, and of what was cancelled in the middle once that is most of it. */
  #compact(): void {
    if (this.#members.length < 64 || this.#members.length % 64 !== 0) return;
    const waiting = this.#members.filter((member, i) => i >= this.#head && member.isWaiting);
    if (waiting.length * 2 > this.#members.length) return;
    this.#members = waiting;
    this.#head = 0;
  }
}
