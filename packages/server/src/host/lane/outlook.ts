import type { JitneyError, LatencyModel, Moment } from '@jitney/core';
import type { RunView } from './decide.js';
import { tooLittleTime, tooMuchAhead } from './endings.js';
import { expectedWaitMs, type Load } from './expected-wait.js';
import type { RequestQueue } from './request-queue.js';
import { aheadOf, entriesOf, finishesInMs } from './rules/admission.js';
import { isProbeDue } from './rules/probe.js';
import { type BatchPolicy, rowBound } from './rules/row-bound.js';
import { costLike } from './rules/run-cost.js';
import type { Ticket } from './ticket.js';

/** What a lane looks like to an entry that comes now. */
export interface Prospect {
  readonly queue: RequestQueue;
  readonly policy: BatchPolicy;
  readonly latencyModel: LatencyModel;
  readonly instances: number;
  readonly running: readonly RunView[];
  readonly lastEndAtMs: Moment;
  readonly arrivingRowsPerMs: number;
  readonly now: Moment;
}

/** Foresees when an entry that comes now would be answered. */
export class Outlook {
  readonly #prospect: Prospect;

  constructor(prospect: Prospect) {
    this.#prospect = prospect;
  }

  /** Milliseconds that an entry of the most urgent class waits before it runs. */
  expectedWaitMs(): number {
    const { latencyModel, now, policy } = this.#prospect;
    return expectedWaitMs(this.#load(0, policy.maxRows), latencyModel, now);
  }

  /**
   * Why it is refused since it could not be answered in time, or `null`.
   *
   * What is refused by a model that is not reliable is refused only for what waits before it; and an idle lane tries one
   * now and then whatever the model says, which else would never learn that it is wrong.
   */
  lateRefusal(ticket: Ticket): JitneyError | null {
    const { latencyModel, running, lastEndAtMs, now } = this.#prospect;
    const { entry } = ticket;
    const leftMs = entry.deadlineAtMs - now;
    if (!(leftMs < Number.POSITIVE_INFINITY)) return null;
    const load = this.#load(entry.priority, this.#rowsOfRun(ticket));
    if (!latencyModel.isReliable && load.entries === 0) return null;
    const inMs = finishesInMs(entry, load, latencyModel, now);
    if (inMs <= leftMs) return null;
    const ownMs = latencyModel.predict({ rows: entry.rows, units: entry.cost });
    if (load.entries === 0 && isProbeDue(running.length, lastEndAtMs, ownMs, now)) return null;
    const aloneMs = latencyModel.margin * ownMs;
    const isForGood = latencyModel.isReliable && aloneMs > leftMs;
    return isForGood ? tooLittleTime(aloneMs, leftMs) : tooMuchAhead(inMs, leftMs);
  }

  #load(priority: number, maxRows: number | null): Load {
    const { queue, instances, running, now } = this.#prospect;
    const rows = queue.entries === 0 ? 0 : aheadOf(queue.classes, priority, now);
    const entries = maxRows === null && rows > 0 ? aheadOf(queue.classes, priority, now, entriesOf) : rows;
    const units = rows === 0 ? 0 : (queue.units * rows) / queue.rows;
    return { entries, rows, units, again: queue.again.size, maxRows, instances, running };
  }

  /** Rows of the runs that those ahead of it and itself will make. */
  #rowsOfRun(ticket: Ticket): number | null {
    const { queue, policy, latencyModel, instances, arrivingRowsPerMs } = this.#prospect;
    if (policy.maxRows === null) return null;
    const demand = { instances, waitingRows: queue.rows + ticket.entry.rows, arrivingRowsPerMs };
    const bound = rowBound(ticket, policy, costLike(ticket, latencyModel), demand);
    return Math.max(bound.rows, Math.min(ticket.entry.rows, bound.hardRows));
  }
}
