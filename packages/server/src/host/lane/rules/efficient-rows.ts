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
export function efficientRows(cost: RunCost, demand: Demand): number {
  const idle = idleShare(cost, demand);
  if (cost.rowMs === 0 || !(idle > 0)) return Number.POSITIVE_INFINITY;
  const fixedInRows = cost.fixedMs / cost.rowMs / idle;
  return Math.max(1, Math.ceil(Math.sqrt(fixedInRows * demand.waitingRows) + fixedInRows - 1e-9));
}

/**
 * Rows that runs must have for the instances to keep pace with what comes; `Infinity` where no size does.
 * From b/(α + βb) · k ≥ λ.
 */
export function rowsToKeepPace(cost: RunCost, demand: Demand): number {
  const idle = idleShare(cost, demand);
  const perInstance = demand.arrivingRowsPerMs / demand.instances;
  return idle > 0 ? (perInstance * cost.fixedMs) / idle : Number.POSITIVE_INFINITY;
}

/** 1 − ρ: what the rows that come leave of the instances' time; 0 and less: they take all of it. */
function idleShare({ rowMs }: RunCost, { instances, arrivingRowsPerMs }: Demand): number {
  return 1 - (arrivingRowsPerMs * rowMs) / instances;
}
