import type { LatencyModel, Moment, Work } from '@jitney/core';
import type { RunView } from './decide.js';

/** What stands between an entry that comes now and its run. */
export interface Load {
  /** What waits. */
  readonly entries: number;
  readonly rows: number;
  /** Work of the rows that wait, in the task's unit. */
  readonly units: number;
  /** Runs of rows that are to be run again, each by itself. */
  readonly again: number;
  /** Most rows of a run; `null`: every entry runs by itself. */
  readonly maxRows: number | null;
  readonly instances: number;
  readonly running: readonly RunView[];
}

/**
 * Milliseconds that an entry that comes now waits for its run, by the latency model: what waits fills runs, and instances
 * take these in turn, in the order in which they become free (reference: admission in serving-science §1.2).
 */
export function expectedWaitMs(load: Load, latencyModel: LatencyModel, now: Moment): number {
  const { maxRows, instances, running } = load;
  const runsAhead = load.again + (maxRows === null ? load.entries : Math.floor(load.rows / maxRows));
  const free = instances - running.length;
  const turn = runsAhead % instances;
  const rounds = Math.floor(runsAhead / instances);
  const freeInMs = turn < free ? 0 : Math.max(0, nthEnd(running, turn - free) - now);
  return rounds === 0 ? freeInMs : freeInMs + rounds * latencyModel.predict(fullRun(load));
}

function fullRun({ entries, rows, units, maxRows }: Load): Work {
  if (maxRows === null) return { rows: rows / Math.max(1, entries), units: units / Math.max(1, entries) };
  return { rows: maxRows, units: (units / Math.max(1, rows)) * maxRows };
}

function nthEnd(running: readonly RunView[], n: number): Moment {
  if (running.length === 1) return (running[0] as RunView).expectedEndAtMs;
  const ends = running.map((run) => run.expectedEndAtMs).sort((a, b) => a - b);
  return ends[n] as Moment;
}
