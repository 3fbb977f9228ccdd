import type { HostEnd } from '../../wire/messages.js';

/** What is known of a request whose host ended before it was answered. */
export interface Orphan {
  /** Hosts that have had it, the one that ended included. */
  readonly attempts: number;
  /** It had the ended host for itself from the moment it was `started`. */
  readonly alone: boolean;
  /**
   * - `stuck`: it was in the run that was too old, for which the host was ended.
   * - `started`: the host had said that it is in a run.
   * - `waiting`: the host had said which requests are in a run, and this is none of them.
   * - `unknown`: the host said nothing: short runs are not announced, nor what is decoded or in own code.
   */
  readonly progress: 'stuck' | 'started' | 'waiting' | 'unknown';
  /** It was on a host before that ended by its own doing. */
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
 * Somebody's kill blames nobody. Any other end blames what ran: those are suspects and run alone next, and what ends a
 * host again while alone in it is not run a third time. A silence may also have been somebody's doing (SIGSTOP), so it
 * condemns nobody. Each request sees a bounded number of hosts.
 */
export function decideFate(orphan: Orphan, end: HostEnd, maxAttempts: number): Fate {
  const { alone, progress } = orphan;
  switch (end) {
    case 'killed':
      return capped(orphan, maxAttempts, alone ? 'resend-alone' : 'resend');
    case 'hung':
      if (progress === 'stuck' || (alone && progress === 'started')) return 'lose';
      return capped(orphan, maxAttempts, isolate(orphan));
    case 'fault':
    case 'exit':
      if (alone && progress === 'started') return 'condemn';
      return capped(orphan, maxAttempts, isolate(orphan));
  }
}

function isolate({ progress, wasSuspect }: Orphan): Fate {
  return progress === 'waiting' && !wasSuspect ? 'resend' : 'resend-alone';
}

function capped(orphan: Orphan, maxAttempts: number, fate: Fate): Fate {
  return orphan.attempts < maxAttempts ? fate : 'lose';
}
