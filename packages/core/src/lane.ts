import type { JitneyError } from './errors.js';
import type { Tensor } from './tensor.js';

/**
 * Milliseconds of the machine's monotonic clock, comparable between processes of one machine.
 * Every `…AtMs` in Jitney is such a moment.
 */
export type Moment = number;

/** Behind it, the same lane runs in a server and, with a virtual clock, in the simulator. */
export interface Clock {
  now(): Moment;
  /** Calls back once at or after `at`; the answer cancels it. */
  at(moment: Moment, callback: () => void): () => void;
  /** Calls back after what is already readable was read (setImmediate), so that arrivals of one turn ride together. */
  soon(callback: () => void): void;
}

/** A request once it is in a lane: its rows, and what the scheduler may look at. */
export interface Entry {
  /** Unique within the lane. */
  readonly id: number;
  readonly tensors: readonly Tensor[];
  readonly rows: number;
  /** Work in the task's unit; `rows` where the task has none. */
  readonly cost: number;
  /** Bytes its tensors hold in the queue. */
  readonly bytes: number;
  readonly arrivedAtMs: Moment;
  /** Not answered by then: it ends with DEADLINE_EXCEEDED. `Infinity`: no deadline. */
  readonly deadlineAtMs: Moment;
  /** 0 is the most urgent. */
  readonly priority: number;
  /** Must run with nothing else in the process: it may be what ended an earlier host. */
  readonly alone: boolean;
  /** Outputs wanted, `null` for all. */
  readonly outputs: readonly string[] | null;
  /**
   * Only entries with equal keys may share a batch: shapes without the first dimension, dtypes, shared inputs. `null`:
   * it shares none and is never split, so the model sees the request as it came.
   */
  readonly compatibility: string | null;
}

/**
 * What bounded the rows of a run.
 * - `waiting`: nothing; it took all of its kind that waited.
 * - `rows`: `batching.maxRows`, or what the model file allows.
 * - `bytes`: what the inputs of a run may take.
 * - `latency`: the time an answer should take, or the first request in it has in all.
 * - `efficiency`: more rows would have kept those before them for longer than they save.
 * - `deadline`: with more rows the first of them would have been late.
 * - `alone`: its entry shares no run.
 */
export const BOUNDS = ['waiting', 'rows', 'bytes', 'latency', 'efficiency', 'deadline', 'alone'] as const;
export type BoundBy = (typeof BOUNDS)[number];

/** Moments of an entry's way through the lane, kept at each stage boundary. */
export interface LaneTiming {
  readonly enqueuedAtMs: Moment;
  readonly startedAtMs: Moment;
  readonly finishedAtMs: Moment;
  /** Rows that ran together with this entry's, its own included; of a split entry, the most that did. */
  readonly batchRows: number;
  /** What bounded that run. */
  readonly boundBy: BoundBy;
}

/** How an entry ended. Each entry ends exactly once. */
export type Outcome =
  | { readonly state: 'done'; readonly outputs: readonly Tensor[]; readonly timing: LaneTiming }
  | { readonly state: 'failed'; readonly error: JitneyError };

/** What a lane decided since it was created. */
export interface LaneCounts {
  /** Runs begun, by what bounded them. */
  readonly runs: Readonly<Record<BoundBy, number>>;
  /** Rows of all these runs. */
  readonly rows: number;
  /** Entries refused as they came: those that would have been late, and those for whom there was no room. */
  readonly refusedLate: number;
  readonly refusedFull: number;
  /** Entries that ended since they would have been late, though they had been taken. */
  readonly dropped: number;
  /** Entries that ended at their deadline. */
  readonly expired: number;
  /** What the runs that succeeded and had been predicted took, and should have taken. */
  readonly tookMs: number;
  readonly predictedMs: number;
}

export interface LaneStats {
  readonly queuedEntries: number;
  readonly queuedRows: number;
  readonly queuedBytes: number;
  readonly runningRows: number;
  /** Age of the oldest run in flight, 0 when idle: the watchdog's second limit. */
  readonly oldestRunMs: number;
  /** What a request that came now would wait before it runs. */
  readonly expectedWaitMs: number;
  readonly counts: LaneCounts;
}

/** How one model's work is ordered and run. */
export interface Lane {
  /** Takes the entry or refuses it at once; either way `settle` is called exactly once. It must not throw. */
  submit(entry: Entry, settle: (outcome: Outcome) => void): void;
  /** Ends the entry with CANCELLED wherever it is. Unknown ids are ignored (it may have ended just now). */
  cancel(id: number): void;
  stats(): LaneStats;
  /** What a request of the most urgent class that came now would wait before it runs, in ms. */
  expectedWaitMs(now: Moment): number;
  /** Takes no more, finishes what it holds. */
  drain(): Promise<void>;
}

/** What a run has to do. */
export interface Work {
  readonly rows: number;
  /** In the task's unit (text: padded tokens); `rows` where the task has none. */
  readonly units: number;
}

/** Predicts how long a run takes. */
export interface LatencyModel {
  /** Milliseconds, linear in the work; 0 while nothing is known. */
  predict(work: Work): number;
  /** 95 of 100 runs take at most so many times what is predicted: at least 1. */
  readonly margin: number;
  /** Whether enough runs were seen, and took about what was predicted: else nothing is refused or given up by it. */
  readonly isReliable: boolean;
  /** Told of each run that succeeded. */
  observe(work: Work, tookMs: number): void;
}

/** A run that was made before a lane was there to see it. */
export interface KnownRun extends Work {
  readonly tookMs: number;
}
