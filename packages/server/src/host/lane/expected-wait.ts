import type { LatencyModel, Moment } from '@jitney/core';
import type { RunView } from './decide.js';

/** What stands between an entry that comes now and its run. */
export interface Load {
  /** Full runs that what waits will make: an entry that comes now rides in the one after them. */
  readonly runsAhead: number;
  /** Work of one of those runs. */
  readonly rowsPerRun: number;
  readonly unitsPerRun: number;
  readonly instances: number;
  readonly running: readonly RunView[];
}

/**
 * Milliseconds that an entry that comes now waits for its run, by the latency model: instances take full runs in turn,
 * in the order in which they become free (reference: admission in serving-science §1.2).
 */
export function expectedWaitMs(load: Load, latencyModel: LatencyModel, now: Moment): number {
  const { runsAhead, instances, running } = load;
  const free = instances - running.length;
  if (runsAhead < free) return 0;
  const turn = runsAhead % instances;
  const rounds = Math.floor(runsAhead / instances);
  const freeInMs = turn < free ? 0 : Math.max(0, nthEnd(running, turn - free) - now);
  if (rounds === 0) return freeInMs;
  return freeInMs + rounds * latencyModel.predict({ rows: load.rowsPerRun, units: load.unitsPerRun });
}

function nthEnd(running: readonly RunView[], n: number): Moment {
  if (running.length === 1) return (running[0] as RunView).expectedEndAtMs;
  const ends = running.map((run) => run.expectedEndAtMs).sort((a, b) => a - b);
  return ends[n] as Moment;
}
