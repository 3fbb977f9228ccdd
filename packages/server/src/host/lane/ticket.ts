import type { BoundBy, Entry, Moment, Outcome, Tensor } from '@jitney/core';
import type { ListNode } from './linked-list.js';

/** What a scheduler sees of an entry that waits. */
export interface Waiting {
  readonly entry: Entry;
  /** Since when it waits: when the lane took it or, of one that is split, when a run took the last part of it. */
  readonly sinceMs: Moment;
  /** First row that no run has taken yet; above 0 only in entries that are split. */
  readonly nextRow: number;
}

/** Rows of one entry in a run: all of them, or a part of an entry that is larger than a run may be. */
export interface Seat<T extends Waiting> {
  readonly ticket: T;
  readonly fromRow: number;
  readonly rows: number;
}

/** A run as an entry in it sees it. */
export interface Ride {
  /** One that rides wants no answer any more. */
  leave(): void;
}

/** What a part of a split entry was answered. */
export interface PartAnswer {
  readonly fromRow: number;
  readonly outputs: readonly Tensor[];
}

const NO_RIDES: readonly Ride[] = [];
const NOWHERE: readonly ListNode<Seat<Ticket>>[] = [];

/**
 * What the lane holds of an entry from `submit` until it ends.
 *
 * - `waiting`: rows of it are in the queue (and, where it is split, others may be in runs).
 * - `running`: all rows are in runs, or wait to be run again alone.
 * - `ended`: settled; whoever still meets it passes it by.
 */
export class Ticket implements Waiting {
  readonly entry: Entry;
  readonly settle: (outcome: Outcome) => void;
  readonly enqueuedAtMs: Moment;
  state: 'waiting' | 'running' | 'ended' = 'waiting';
  nextRow = 0;
  sinceMs: Moment;
  /** When its first run began. */
  startedAtMs: Moment | null = null;
  /** Rows of the largest run it was answered by. */
  batchRows = 0;
  /** What bounded that run. */
  boundBy: BoundBy = 'waiting';
  /** The runs it is in. */
  rides: readonly Ride[] = NO_RIDES;
  /** Answers so far, where it is split. */
  readonly parts: PartAnswer[] = [];
  answeredRows = 0;

  /** Where it is in the lists of the queue. */
  inClass: ListNode<Ticket> | null = null;
  inKind: ListNode<Ticket> | null = null;
  inAgain: readonly ListNode<Seat<Ticket>>[] = NOWHERE;
  /** Where it is among the deadlines. */
  heapIndex = 0;

  constructor(entry: Entry, settle: (outcome: Outcome) => void, enqueuedAtMs: Moment) {
    this.entry = entry;
    this.settle = settle;
    this.enqueuedAtMs = enqueuedAtMs;
    this.sinceMs = enqueuedAtMs;
  }

  /** Rows of it are in a run from now on. */
  board(ride: Ride, atMs: Moment): void {
    this.startedAtMs ??= atMs;
    this.rides = this.rides.length === 0 ? [ride] : [...this.rides, ride];
    if (this.nextRow >= this.entry.rows) this.state = 'running';
  }

  /** The run has ended. */
  alight(ride: Ride): void {
    this.rides = this.rides.length === 1 ? NO_RIDES : this.rides.filter((other) => other !== ride);
  }
}
