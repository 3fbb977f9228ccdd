import type { Moment } from '@jitney/core';
import type { HostEnd } from '../wire/messages.js';

export interface RestartSettings {
  /** Wait before the second restart in a row; the first is at once. */
  readonly restartBackoffMs: number;
  /** The wait doubles with each restart up to this. */
  readonly restartBackoffMaxMs: number;
  /** More ends by its own doing than this within the window, with nothing answered, and it is given up. */
  readonly maxRestarts: number;
  readonly restartWindowMs: number;
}

/** A process that ended, as the decision sees it. */
export interface EndedLife {
  readonly atMs: Moment;
  readonly end: HostEnd;
  /** It had been ready. */
  readonly wasReady: boolean;
  /** It had answered a request. */
  readonly hasServed: boolean;
}

export type RestartDecision = { readonly state: 'restart'; readonly afterMs: number } | { readonly state: 'give-up' };

/**
 * What to do after a process ended. Pure.
 *
 * Somebody's kill is no sign that what was ready before will fail again: such an end is never held against it. What
 * answered a request since is not given up, since single requests may be to blame; it only waits longer. A load that was
 * ended for its length would take as long again: the first time, it is given up at once. Loads that fail one after the
 * other count however long each takes.
 *
 * @param lives - this process and its predecessors, oldest first
 * @param wasEverReady - whether any of them, or one before them, was ready
 */
export function decideRestart(
  lives: readonly EndedLife[],
  wasEverReady: boolean,
  settings: RestartSettings,
): RestartDecision {
  const last = lives.at(-1);
  if (last === undefined) return restartAfter(0, settings);
  if (last.end === 'hung' && !wasEverReady) return { state: 'give-up' };
  const isBlamed = ({ end }: EndedLife) => end !== 'killed' || !wasEverReady;
  const isRecent = ({ atMs }: EndedLife) => last.atMs - atMs < settings.restartWindowMs;
  const loads = since(lives, (life) => life.wasReady);
  if (!isBlamed(last)) return restartAfter(loads.length, settings);
  const failedLoads = loads.filter(isBlamed).length;
  const inVain = since(lives, (life) => life.hasServed)
    .filter(isBlamed)
    .filter(isRecent).length;
  if (Math.max(failedLoads, inVain) > settings.maxRestarts) return { state: 'give-up' };
  return restartAfter(Math.max(failedLoads, lives.filter(isBlamed).filter(isRecent).length), settings);
}

/** Those after the last for which it is true. */
function since(lives: readonly EndedLife[], isTrue: (life: EndedLife) => boolean): readonly EndedLife[] {
  return lives.slice(lives.findLastIndex(isTrue) + 1);
}

/** Without a wait for the first in a row. */
function restartAfter(inARow: number, { restartBackoffMs, restartBackoffMaxMs }: RestartSettings): RestartDecision {
  const afterMs = inARow <= 1 ? 0 : Math.min(restartBackoffMaxMs, restartBackoffMs * 2 ** (inARow - 2));
  return { state: 'restart', afterMs };
}

/** The lives with one more, as many as can matter. */
export function remember(lives: readonly EndedLife[], life: EndedLife, settings: RestartSettings): EndedLife[] {
  return [...lives, life].slice(-2 * (settings.maxRestarts + 1));
}
