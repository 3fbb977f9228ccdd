import type { ErrorCode, Outcome } from '@jitney/core';
import type { SimulatedArrivals } from './arrivals.js';
import { createOneShotLane, type OneShotLaneOptions } from './lane.js';
import { Latencies } from './latencies.js';
import type { RunTimes } from './run-times.js';
import { VirtualClock } from './virtual-clock.js';
import { virtualEntry } from './virtual-entry.js';
import { VirtualExecutor } from './virtual-executor.js';

export interface Simulation {
  readonly arrivals: SimulatedArrivals;
  readonly runTimes: RunTimes;
  /** As a host would create its lane. */
  readonly lane: Omit<OneShotLaneOptions, 'clock' | 'executor'>;
  /** An answer later than this after its arrival is worth nothing. `null`: every answer counts. */
  readonly sloMs: number | null;
  /** Whether requests say so, by a deadline. Default: where there is a target. */
  readonly hasDeadlines?: boolean;
  /** So many of the first arrivals are not counted among the latencies: the lane may still be learning. Default: 0. */
  readonly skip?: number;
}

export interface SimulationResult {
  /** From the moments of arrival, of all that were answered and count. */
  readonly latencies: Latencies;
  /** Requests that came. */
  readonly offered: number;
  /** Those that were answered in time, of those that count. */
  readonly good: number;
  /** Requests that ended without an answer, by their codes. */
  readonly failures: ReadonlyMap<ErrorCode, number>;
  readonly runs: number;
  /** Mean rows of a run. */
  readonly meanBatchRows: number;
  /** From the first arrival until all had ended. */
  readonly tookMs: number;
}

/** All entries may share runs. */
const ONE_KIND = 'simulated';

/** Runs the host's lane in virtual time on these arrivals and run times. */
export async function simulate(simulation: Simulation): Promise<SimulationResult> {
  return new Play(simulation).toEnd();
}

/** One simulation from its first arrival to its last answer. */
class Play {
  readonly #simulation: Simulation;
  readonly #clock = new VirtualClock();
  readonly #lane;
  readonly #latencies: Float64Array;
  readonly #failures = new Map<ErrorCode, number>();
  readonly #deadlineMs: number;
  #answered = 0;
  #runs = 0;
  #ranRows = 0;

  constructor(simulation: Simulation) {
    const { arrivals, sloMs, hasDeadlines = sloMs !== null } = simulation;
    this.#simulation = simulation;
    this.#deadlineMs = hasDeadlines ? (sloMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
    this.#latencies = new Float64Array(arrivals.atMs.length);
    const runTimes: RunTimes = (work, atMs) => {
      this.#runs += 1;
      this.#ranRows += work.rows;
      return simulation.runTimes(work, atMs);
    };
    const executor = new VirtualExecutor(this.#clock, runTimes);
    this.#lane = createOneShotLane({ ...simulation.lane, clock: this.#clock, executor });
  }

  /** Deals with what is due, in its order; what the lane put off comes once nothing more is due. */
  async toEnd(): Promise<SimulationResult> {
    const clock = this.#clock;
    const { atMs } = this.#simulation.arrivals;
    let next = 0;
    for (;;) {
      const arrivesAtMs = next < atMs.length ? atMs[next]! : Number.POSITIVE_INFINITY;
      const happensAtMs = clock.nextAtMs;
      const dueAtMs = Math.min(arrivesAtMs, happensAtMs);
      if (clock.isTurnAwaited && dueAtMs > clock.now()) {
        clock.turn();
      } else if (dueAtMs === Number.POSITIVE_INFINITY) {
        return this.#result();
      } else if (happensAtMs <= arrivesAtMs) {
        clock.happen();
        // A run that ends settles a promise, and the lane is told in a microtask.
        await undefined;
      } else {
        clock.waitUntil(arrivesAtMs);
        this.#submit(next++);
      }
    }
  }

  #submit(index: number): void {
    const { atMs, rows } = this.#simulation.arrivals;
    const arrivedAtMs = atMs[index]!;
    const deadlineAtMs = arrivedAtMs + this.#deadlineMs;
    const ownRows = rows?.[index] ?? 1;
    const entry = virtualEntry({
      id: index,
      rows: ownRows,
      cost: ownRows,
      bytes: ownRows,
      arrivedAtMs,
      deadlineAtMs,
      priority: 0,
      alone: false,
      compatibility: ONE_KIND,
    });
    this.#lane.submit(entry, (outcome) => this.#settle(outcome, index));
  }

  #settle(outcome: Outcome, index: number): void {
    const { arrivals, skip = 0 } = this.#simulation;
    if (outcome.state === 'done') {
      if (index >= skip) this.#latencies[this.#answered++] = this.#clock.now() - arrivals.atMs[index]!;
    } else {
      const { code } = outcome.error;
      this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
    }
  }

  #result(): SimulationResult {
    const { arrivals, sloMs } = this.#simulation;
    const latencies = new Latencies(this.#latencies.slice(0, this.#answered));
    return {
      latencies,
      offered: arrivals.atMs.length,
      good: sloMs === null ? latencies.count : latencies.countWithin(sloMs),
      failures: this.#failures,
      runs: this.#runs,
      meanBatchRows: this.#ranRows / this.#runs,
      tookMs: this.#clock.now() - (arrivals.atMs[0] ?? 0),
    };
  }
}
