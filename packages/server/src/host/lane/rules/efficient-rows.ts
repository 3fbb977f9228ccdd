import type { Demand } from './row-bound.js';
import type { RunCost } from './run-cost.js';

/**
 * Rows of a run beyond which it keeps those in it for longer than it saves those behind it.
 *
 * With Q rows waiting and a run of b taking α + βb, runs of √(αQ/β) have the least waiting in total if nobody else comes.
 * At a load of ρ = βλ/k others do: each run's fixed part is worth 1/(1 − ρ) as much, and runs of (α/β)/(1 − ρ) are what
 * keeps pace. Their sum, √(αQ/β/(1 − ρ)) + (α/β)/(1 − ρ), has no worse p50 and a better p99 than taking all that waits
 * (docs/design/scheduling.md has the figures). At a load of 1 and above all that waits is taken.
 */
export function efficientRows(
  { fixedMs, rowMs }: RunCost,
  { instances, waitingRows, arrivingRowsPerMs }: Demand,
): number {
  const idleShare = 1 - (arrivingRowsPerMs * rowMs) / instances;
  if (rowMs === 0 || !(idleShare > 0)) return Number.POSITIVE_INFINITY;
  const fixedInRows = fixedMs / rowMs / idleShare;
  return Math.max(1, Math.ceil(Math.sqrt(fixedInRows * waitingRows) + fixedInRows - 1e-9));
}

/**
 * Rows that runs must have for the instances to keep pace with what comes; `Infinity` where no size does.
 * From b/(α + βb) · k ≥ λ.
 */
export function rowsToKeepPace({ fixedMs, rowMs }: RunCost, { instances, arrivingRowsPerMs }: Demand): number {
  const idleShare = 1 - (arrivingRowsPerMs * rowMs) / instances;
  return idleShare > 0 ? ((arrivingRowsPerMs / instances) * fixedMs) / idleShare : Number.POSITIVE_INFINITY;
}
