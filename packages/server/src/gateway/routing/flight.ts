import type { JitneyError, Moment } from '@jitney/core';
import type { ModelRoute } from '../../wire/messages.js';
import type { Answer, Call } from '../call.js';
import type { HostLink } from './host-link.js';

/**
 * A request between its admission and its answer. The gateway keeps it whole until then, so that it can be sent to
 * another host.
 */
export interface Flight {
  readonly id: number;
  readonly call: Call;
  readonly model: string;
  readonly version: string;
  readonly deadlineAtMs: Moment;
  readonly settle: (answer: Answer | JitneyError) => void;
  place: FlightPlace;
  /** Hosts that have had it. */
  attempts: number;
  alone: boolean;
  wasSuspect: boolean;
  /** The host said that it is in a run. */
  started: boolean;
}

/** Where a flight is. It leaves `done` never. */
export type FlightPlace =
  /** No host answers just now; it waits for one. */
  | { readonly at: 'held'; readonly sinceMs: Moment }
  | { readonly at: 'host'; readonly link: HostLink }
  /** Its host's connection closed; how the host ended is not known yet. */
  | { readonly at: 'limbo'; readonly hostId: string; readonly sinceMs: Moment }
  | { readonly at: 'done' };

export const keyOf = (route: Pick<ModelRoute, 'name' | 'version'>) => `${route.name}@${route.version}`;
