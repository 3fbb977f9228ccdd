import type { LatencyModel, Work } from '@jitney/core';
import type { Waiting } from '../ticket.js';

/** What a run costs by its rows, by a latency model that is linear: `fixedMs + rowMs · rows`. Both 0: nothing is known. */
export interface RunCost {
  readonly fixedMs: number;
  readonly rowMs: number;
  /** 95 of 100 runs take at most so many times as long. */
  readonly margin: number;
}

/** What a run of it would take is the part that each run has. */
export const NO_WORK: Work = { rows: 0, units: 0 };

/** For rows like an entry's. */
export function costLike({ entry }: Waiting, latencyModel: LatencyModel): RunCost {
  const fixedMs = latencyModel.predict(NO_WORK);
  const unitsPerRow = entry.rows > 0 ? entry.cost / entry.rows : 1;
  const rowMs = Math.max(0, latencyModel.predict({ rows: 1, units: unitsPerRow }) - fixedMs);
  return { fixedMs, rowMs, margin: latencyModel.margin };
}

/** How long so many rows should take. */
export function runMs({ fixedMs, rowMs }: RunCost, rows: number): number {
  return fixedMs + rowMs * rows;
}

/** How long so many rows take at most, in 95 of 100 runs. */
export function cautiousMs(cost: RunCost, rows: number): number {
  return cost.margin * runMs(cost, rows);
}

/** Most rows that take at most so long, in 95 of 100 runs; below 1 where not even one does. */
export function rowsWithin({ fixedMs, rowMs, margin }: RunCost, ms: number): number {
  const leftMs = ms / margin - fixedMs;
  if (leftMs < 0) return 0;
  return rowMs === 0 ? Number.POSITIVE_INFINITY : Math.floor(leftMs / rowMs + 1e-9);
}
