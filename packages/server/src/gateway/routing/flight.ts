import type { Moment } from '@jitney/core';
import type { Call, Caller } from '../call.js';
import type { HostLink } from './host-link.js';
import type { Orphan } from './resend.js';

/**
 * A request between its admission and its answer. The gateway keeps it whole until then, so that it can be sent to
 * another host.
 */
export interface Flight {
  readonly id: number;
  readonly call: Call;
  readonly model: string;
  readonly version: string;
  readonly caller: Caller;
  place: FlightPlace;
  /** Which of its host's models it is for. */
  target: number;
  /** Hosts that have had it. */
  attempts: number;
  alone: boolean;
  wasSuspect: boolean;
  /** When its host said that it is in a run; `null` where it said nothing. */
  startedAtMs: Moment | null;
}

/** Where a flight is. It leaves `done` never. */
export type FlightPlace =
  /** No host answers just now; it waits for one. */
  | { readonly at: 'held'; readonly sinceMs: Moment }
  | { readonly at: 'host'; readonly link: HostLink }
  /** Its host's connection closed; how the host ended is not known yet. */
  | { readonly at: 'limbo'; readonly hostId: string; readonly sinceMs: Moment }
  | { readonly at: 'done' };

/**
 * What is known of each of the flights that one host left behind.
 *
 * @param stuckSinceMs - what began before is to blame for the host's end; `null` where that is not known
 */
export function orphansOf(flights: readonly Flight[], stuckSinceMs: Moment | null): (readonly [Flight, Orphan])[] {
  const runsAreNamed = flights.some((flight) => flight.startedAtMs !== null);
  const progressOf = ({ startedAtMs, alone, call }: Flight): Orphan['progress'] => {
    // Own code and decoders may have ended the host too, and work outside of runs unless they must be alone.
    const isBlameless = alone || call.body.kind === 'tensors';
    if (startedAtMs === null) return runsAreNamed && isBlameless ? 'waiting' : 'unknown';
    return stuckSinceMs !== null && startedAtMs <= stuckSinceMs ? 'stuck' : 'started';
  };
  return flights.map((flight) => {
    const { attempts, alone, wasSuspect } = flight;
    return [flight, { attempts, alone, wasSuspect, progress: progressOf(flight) }] as const;
  });
}
