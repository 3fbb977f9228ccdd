import type { HostEnd } from '../../wire/messages.js';

/** What is known of a request whose host ended before it was answered. */
export interface Orphan {
  /** Hosts that have had it, the one that ended included. */
  readonly attempts: number;
  /** It had the ended host for itself. */
  readonly alone: boolean;
  /**
   * - `started`: the host had said that it is in a run.
   * - `waiting`: the host had said which requests are in a run, and this is none of them.
   * - `unknown`: the host said nothing (short runs are not announced).
   */
  readonly progress: 'started' | 'waiting' | 'unknown';
  /** It was on a host before that ended by a fault. */
  readonly wasSuspect: boolean;
}

export type Fate =
  /** Send it to the next host as before. */
  | 'resend'
  /** Send it to the next host, to run with nothing else: it may be what ended the last one. */
  | 'resend-alone'
  /** It ended a host while alone in it: never run it again. */
  | 'condemn'
  /** It may not be sent again. */
  | 'lose';

/**
 * What becomes of a request when its host ended (DESIGN.md §2, "what may be sent again"). Pure.
 *
 * A fault blames what ran: those are suspects and run alone next. Somebody's kill blames nobody. A run that hung is
 * not repeated: it would hang again. Each request sees a bounded number of hosts.
 */
export function decideFate(orphan: Orphan, end: HostEnd, maxAttempts: number): Fate {
  switch (end) {
    case 'fault':
      if (orphan.alone && orphan.progress === 'started') return 'condemn';
      if (orphan.progress === 'waiting' && !orphan.wasSuspect) return capped(orphan, maxAttempts, 'resend');
      return capped(orphan, maxAttempts, 'resend-alone');
    case 'hung':
      if (orphan.progress === 'started') return 'lose';
      return capped(orphan, maxAttempts, 'resend');
    case 'killed':
    case 'exit':
      return capped(orphan, maxAttempts, orphan.alone ? 'resend-alone' : 'resend');
  }
}

function capped(orphan: Orphan, maxAttempts: number, fate: Fate): Fate {
  return orphan.attempts < maxAttempts ? fate : 'lose';
}
