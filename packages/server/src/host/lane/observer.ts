import type { BoundBy, Entry, Moment } from '@jitney/core';
import type { Decision } from './decide.js';
import type { RunResult } from './run-result.js';
import type { Ticket } from './ticket.js';

/**
 * Told of all that a lane decides by and of what it decides, in order. The same events, at the same moments, to a lane
 * with the same options bring about the same decisions: so a recording replays on a virtual clock. (A lane that shares
 * its process with others also depends on their runs, and callers that submit from within `settle` on that place.)
 *
 * A lane reads its clock once an event. It must not throw.
 */
export interface LaneObserver {
  /** An entry came; it may be refused at once. Nothing of it may be kept but what is copied: its tensors are large. */
  arrived(now: Moment, entry: Entry): void;
  /** An entry in the lane was cancelled. */
  cancelled(now: Moment, id: number): void;
  /** What was put off with `Clock.soon` begins. */
  turn(now: Moment): void;
  /** What was set with `Clock.at` begins: a deadline has passed, or a run has waited long enough to be filled. */
  rang(now: Moment, alarm: 'deadline' | 'fill'): void;
  /** By `decide`, of each time it was asked. */
  decided(now: Moment, decision: DecisionRecord): void;
  /** A run ended. */
  ended(now: Moment, run: RunRecord): void;
}

/** A decision without what belongs to the process it was made in. */
export interface DecisionRecord {
  /** Number of the run that it starts, counted from 1; `null`: it starts none. */
  readonly run: number | null;
  /** Who is in the run, in the order the rows are joined. */
  readonly seats: readonly { readonly id: number; readonly fromRow: number; readonly rows: number }[];
  readonly rows: number;
  /** By the latency model, in ms; 0 while it knows nothing. */
  readonly predictedMs: number;
  readonly boundBy: BoundBy;
  /** Entries that end since their deadline has passed. */
  readonly expired: readonly number[];
  /** Entries that end since they would be late. */
  readonly hopeless: readonly number[];
  /** Until when a run waits to be filled; `null`: none does. */
  readonly wakeAtMs: Moment | null;
}

export interface RunRecord {
  /** As its decision has it. */
  readonly run: number;
  readonly how: RunResult['state'];
  /** Whether the executor answered before its call returned: nothing happened in between. */
  readonly isAtOnce: boolean;
}

/** @param run Number of the run, where it starts one. */
export function recordOf(decision: Decision<Ticket>, run: number): DecisionRecord {
  const { seats, rows, predictedMs, boundBy, expired, hopeless, wakeAtMs } = decision;
  return {
    run: seats.length === 0 ? null : run,
    seats: seats.map((seat) => ({ id: seat.ticket.entry.id, fromRow: seat.fromRow, rows: seat.rows })),
    rows,
    predictedMs,
    boundBy,
    expired: expired.map(({ entry }) => entry.id),
    hopeless: hopeless.map(({ entry }) => entry.id),
    wakeAtMs,
  };
}
