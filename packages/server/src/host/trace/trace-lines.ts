import { hash } from 'node:crypto';
import type { Entry, Moment } from '@jitney/core';
import type { DecisionRecord, LaneObserver, RunRecord } from '../lane/observer.js';
import type { OneShotLaneOptions } from '../lane/one-shot-lane.js';

/*
 * A lane's trace: NDJSON, first a header, then a line an event, in order. Nothing of what clients sent is in it but how
 * much it was: kinds are digests.
 */

/** What of a lane's options is plain data, so that another lane like it can be made. */
export type TracedOptions = Omit<
  OneShotLaneOptions,
  'clock' | 'executor' | 'latencyModel' | 'processRuns' | 'observer'
>;

export interface TraceHeader {
  readonly trace: 'jitney lane';
  readonly format: 1;
  /** `fraud@3` */
  readonly model: string;
  readonly options: TracedOptions;
}

/** What an observer was told, or why the trace ends here though the lane went on. */
export type TraceLine =
  | readonly ['arrived', now: Moment, entry: TracedEntry]
  | readonly ['cancelled', now: Moment, id: number]
  | readonly ['turn', now: Moment]
  | readonly ['rang', now: Moment, alarm: Parameters<LaneObserver['rang']>[1]]
  | readonly ['decided', now: Moment, decision: DecisionRecord]
  | readonly ['ended', now: Moment, run: RunRecord]
  | readonly ['stopped', reason: string];

/** An entry without its tensors. */
export interface TracedEntry extends Omit<Entry, 'tensors' | 'outputs' | 'compatibility' | 'deadlineAtMs'> {
  /** `null`: it has none, which JSON cannot say as a number. */
  readonly deadlineAtMs: Moment | null;
  /** Equal where entries may share a run; `null`: it shares none. */
  readonly kind: string | null;
}

/** Writes what a lane tells as lines. */
export class LineObserver implements LaneObserver {
  readonly #onLine: (line: TraceLine) => void;
  /** Mostly all entries are of one kind. */
  #lastKey: string | null = null;
  #lastKind: string | null = null;

  constructor(onLine: (line: TraceLine) => void) {
    this.#onLine = onLine;
  }

  arrived(now: Moment, { tensors: _, outputs: __, compatibility, deadlineAtMs, ...entry }: Entry): void {
    const kind = this.#kindOf(compatibility);
    const deadline = deadlineAtMs === Number.POSITIVE_INFINITY ? null : deadlineAtMs;
    this.#onLine(['arrived', now, { ...entry, deadlineAtMs: deadline, kind }]);
  }

  cancelled(now: Moment, id: number): void {
    this.#onLine(['cancelled', now, id]);
  }

  turn(now: Moment): void {
    this.#onLine(['turn', now]);
  }

  rang(now: Moment, alarm: Parameters<LaneObserver['rang']>[1]): void {
    this.#onLine(['rang', now, alarm]);
  }

  decided(now: Moment, decision: DecisionRecord): void {
    this.#onLine(['decided', now, decision]);
  }

  ended(now: Moment, run: RunRecord): void {
    this.#onLine(['ended', now, run]);
  }

  /** Keys hold values of shared inputs. */
  #kindOf(key: string | null): string | null {
    if (key !== this.#lastKey) {
      this.#lastKey = key;
      this.#lastKind = key === null ? null : hash('sha256', key, 'hex').slice(0, 16);
    }
    return this.#lastKind;
  }
}
