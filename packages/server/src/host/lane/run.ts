import { type BoundBy, JitneyError, type Moment } from '@jitney/core';
import type { Decision, RunView } from './decide.js';
import type { Ride, Seat, Ticket } from './ticket.js';

export interface RunStart {
  /** Of the lane's runs, counted from 1. */
  readonly number: number;
  readonly now: Moment;
  readonly abort: AbortController;
}

/** One run from its decision to its end. */
export class Run implements RunView, Ride {
  readonly number: number;
  readonly seats: readonly Seat<Ticket>[];
  readonly rows: number;
  readonly units: number;
  readonly startedAtMs: Moment;
  readonly predictedMs: number;
  readonly boundBy: BoundBy;
  readonly isAlone: boolean;
  /** Outputs that some seat wants, `null` for all. */
  readonly outputs: readonly string[] | null;
  /** Aborted when nobody waits for the run's answer any more. */
  readonly abort: AbortController;
  #waiting: number;

  constructor(decision: Decision<Ticket>, { number, now, abort }: RunStart) {
    this.number = number;
    this.abort = abort;
    this.seats = decision.seats;
    this.rows = decision.rows;
    this.units = decision.units;
    this.startedAtMs = now;
    this.predictedMs = decision.predictedMs;
    this.boundBy = decision.boundBy;
    this.isAlone = decision.needsProcess;
    this.outputs = outputsWanted(decision.seats);
    this.#waiting = decision.seats.length;
  }

  get expectedEndAtMs(): Moment {
    return this.startedAtMs + this.predictedMs;
  }

  get entryIds(): number[] {
    return this.seats.map((seat) => seat.ticket.entry.id);
  }

  leave(): void {
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    this.abort.abort(new JitneyError('CANCELLED', 'nobody waits for the answer of this run any more'));
  }
}

function outputsWanted(seats: readonly Seat<Ticket>[]): readonly string[] | null {
  const [first] = seats;
  if (first === undefined || seats.length === 1) return first?.ticket.entry.outputs ?? null;
  const names = new Set<string>();
  for (const { ticket } of seats) {
    const { outputs } = ticket.entry;
    if (outputs === null) return null;
    for (const name of outputs) names.add(name);
  }
  return [...names];
}
