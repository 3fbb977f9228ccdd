import type { Batching, Moment } from '@jitney/core';
import type { Waiting } from './request-queue.js';

/** Rows of one entry that run together with others. */
export interface Part {
  readonly waiting: Waiting;
  readonly fromRow: number;
  /** Exclusive. */
  readonly toRow: number;
}

export type Decision =
  /** Nothing can run now; look again when something arrives or a run ends. */
  | { readonly state: 'idle'; readonly expired: readonly Waiting[] }
  | {
      readonly state: 'run';
      /** In the order of the rows in the batch; all of one compatibility. */
      readonly parts: readonly Part[];
      /** Rows of all parts. */
      readonly rows: number;
      /** Nothing else may run beside it. */
      readonly alone: boolean;
      /** Found on the way with no time left: they end without a run. */
      readonly expired: readonly Waiting[];
    };

/** What runs at the moment. */
export interface Running {
  readonly freeInstances: number;
  readonly runs: number;
  /** One of them must have the process for itself. */
  readonly alone: boolean;
}

/** Entries looked at beyond the head in search of company: those of another shape are passed over, not waited for. */
const LOOK_AHEAD = 512;

/**
 * Which rows run together now: work-conserving, first come first served.
 *
 * A free instance takes the first entry that waits, and with it those behind that fit: equal compatibility, up to
 * `maxRows` rows. The first one that would not fit ends the search, so that the order among equals is kept. An entry
 * larger than a batch runs by itself, `maxRows` rows at a time. Pure: it reads the queue and changes nothing.
 */
export function decide(queue: Iterable<Waiting>, running: Running, batching: Batching, now: Moment): Decision {
  const expired: Waiting[] = [];
  if (running.freeInstances <= 0 || running.alone) return { state: 'idle', expired };
  const maxRows = batching.mode === 'rows' ? batching.maxRows : 0;
  const parts: Part[] = [];
  let rows = 0;
  let seen = 0;
  let head: Waiting | null = null;
  for (const waiting of queue) {
    if (waiting.entry.deadlineAtMs <= now) {
      expired.push(waiting);
      continue;
    }
    if (head === null) {
      head = waiting;
      if (waiting.entry.alone && running.runs > 0) return { state: 'idle', expired };
      const toRow = maxRows === 0 ? waiting.entry.rows : Math.min(waiting.entry.rows, waiting.fromRow + maxRows);
      parts.push({ waiting, fromRow: waiting.fromRow, toRow });
      rows = toRow - waiting.fromRow;
      if (maxRows === 0 || waiting.entry.alone || waiting.solo || waiting.entry.rows >= maxRows) break;
      continue;
    }
    if (++seen > LOOK_AHEAD) break;
    const { entry, solo } = waiting;
    if (entry.alone || solo || entry.compatibility !== head.entry.compatibility) continue;
    if (rows + entry.rows > maxRows) break;
    parts.push({ waiting, fromRow: 0, toRow: entry.rows });
    rows += entry.rows;
    if (rows === maxRows) break;
  }
  if (head === null) return { state: 'idle', expired };
  return { state: 'run', parts, rows, alone: head.entry.alone, expired };
}
