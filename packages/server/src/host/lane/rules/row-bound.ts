import type { BoundBy } from '@jitney/core';
import type { Waiting } from '../ticket.js';
import { efficientRows } from './efficient-rows.js';
import { type RunCost, rowsWithin } from './run-cost.js';

/** What a lane was told of how its runs should be. */
export interface BatchPolicy {
  /** Most rows of a run; `null`: every entry runs by itself, as it came. */
  readonly maxRows: number | null;
  /** Most bytes that the inputs of a run may take, unless it is a single row. */
  readonly maxRunBytes: number;
  /** Milliseconds within which a request should be answered; `null`: each in the time it has. */
  readonly latencyMs: number | null;
  /** How long the oldest may wait for a run to be filled; 0: a free instance takes what is there. */
  readonly maxDelayMs: number;
  /** `efficient`: no more rows than pays for those in front; `all`: whatever waits, as theory has it. */
  readonly size: 'efficient' | 'all';
}

/** What a run's size depends on beside its policy. */
export interface Demand {
  readonly instances: number;
  /** Rows that wait. */
  readonly waitingRows: number;
  /** Rows that came a millisecond, of late. */
  readonly arrivingRowsPerMs: number;
}

export interface RowBound {
  /** Most rows of the run: more than these begin in no case, and an entry of more is split. */
  readonly hardRows: number;
  /** Most rows it should have; one entry may have more. */
  readonly rows: number;
  /** `alone`: nobody rides with its first entry. */
  readonly by: BoundBy;
}

/** How many rows a run may have whose first entry is `anchor`, one that shares runs. */
export function rowBound(anchor: Waiting, policy: BatchPolicy, cost: RunCost, demand: Demand): RowBound {
  const maxRows = policy.maxRows ?? Number.POSITIVE_INFINITY;
  const bytesRows = rowsOfBytes(anchor, policy.maxRunBytes);
  const hardRows = Math.min(maxRows, bytesRows);
  let rows = hardRows;
  let by: BoundBy = bytesRows < maxRows ? 'bytes' : 'rows';
  const latencyRows = rowsOfLatency(anchor, policy.latencyMs, cost, demand);
  if (latencyRows < rows) {
    rows = latencyRows;
    by = 'latency';
  }
  if (policy.size === 'efficient') {
    const efficient = efficientRows(cost, demand);
    if (efficient < rows) {
      rows = efficient;
      by = 'efficiency';
    }
  }
  return { hardRows, rows, by };
}

/** All entries of a kind have rows of the same shape, so the first tells of all (of texts, about). */
function rowsOfBytes({ entry }: Waiting, maxBytes: number): number {
  if (entry.bytes <= 0) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.floor((maxBytes * Math.max(1, entry.rows)) / entry.bytes));
}

/** Larger runs than so many times α/β would do 98 rows of 100 in the same time: what they save is not worth the wait. */
const MOST_FIXED_PARTS = 49;

/**
 * How many rows the time of an answer allows. That is the time it has in all, never what is left of it: runs that shrink
 * as their heads grow old collapse under overload (serving-science §0.5).
 *
 * - A request that has just missed a run waits for it and then for its own: of k instances one becomes free after 1/k of
 *   a run, so `(1 + 1/k) · t(b)` must be within its time (§0.6; Nexus, Symphony).
 * - Where b rows come in less time than a run takes, its first need not wait for a run before it, only until they are
 *   there: `b/λ + t(b)`, with λ an instance's share of what comes. Under overload this allows the larger runs that keep
 *   goodput up.
 */
function rowsOfLatency({ entry }: Waiting, latencyMs: number | null, cost: RunCost, demand: Demand): number {
  const inAllMs = latencyMs ?? entry.deadlineAtMs - entry.arrivedAtMs;
  if (!(inAllMs < Number.POSITIVE_INFINITY)) return Number.POSITIVE_INFINITY;
  const { instances } = demand;
  const missed = rowsWithin(cost, inAllMs / (1 + 1 / instances));
  return Math.max(1, missed, rowsThatCome(inAllMs, cost, demand.arrivingRowsPerMs / instances));
}

/** Most b with `b/λ + t(b)` within the time. */
function rowsThatCome(inAllMs: number, { fixedMs, rowMs, margin }: RunCost, rowsPerMs: number): number {
  const rows = Math.floor((rowsPerMs * (inAllMs - margin * fixedMs)) / (1 + rowsPerMs * margin * rowMs));
  return rowMs === 0 ? rows : Math.min(rows, Math.floor((MOST_FIXED_PARTS * fixedMs) / rowMs));
}
