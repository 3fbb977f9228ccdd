import type { Moment } from '@jitney/core';

export interface RestartSettings {
  /** Wait before the second restart in a row; the first is at once. */
  readonly restartBackoffMs: number;
  /** The wait doubles with each restart up to this. */
  readonly restartBackoffMaxMs: number;
  /** So many ends by faults or failures within the window, and it is given up. */
  readonly maxRestarts: number;
  readonly restartWindowMs: number;
}

export type RestartDecision = { readonly state: 'restart'; readonly afterMs: number } | { readonly state: 'give-up' };

/**
 * What to do after a process ended, by when it and its predecessors ended (newest last, the end just now included).
 * Pure. An end that was long in coming starts the count anew.
 */
export function decideRestart(ends: readonly Moment[], settings: RestartSettings): RestartDecision {
  const newest = ends[ends.length - 1] ?? 0;
  const recent = ends.filter((end) => newest - end < settings.restartWindowMs).length;
  if (recent > settings.maxRestarts) return { state: 'give-up' };
  const afterMs =
    recent <= 1 ? 0 : Math.min(settings.restartBackoffMaxMs, settings.restartBackoffMs * 2 ** (recent - 2));
  return { state: 'restart', afterMs };
}
