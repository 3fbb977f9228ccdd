import { type Clock, JitneyError, type Moment, type Tensor } from '@jitney/core';
import { createOneShotLane, type Executor, LineObserver, type RunRecord, type TracedEntry } from './lane.js';
import type { LaneLine, Trace } from './trace.js';
import { virtualEntry } from './virtual-entry.js';

export interface Replay {
  /** What the lane told this time. */
  readonly lines: readonly LaneLine[];
  /** Where it first told something else; `null`: nowhere, and so it decided the same. */
  readonly divergence: Divergence | null;
}

export interface Divergence {
  /** Index among the lines of the trace. */
  readonly at: number;
  readonly recorded: LaneLine;
  readonly replayed: LaneLine | null;
}

/**
 * Gives a lane with the same options what the traced one got, at the same moments, so that it has to decide the same.
 * What a lane does by itself (who rides in which run, whose deadline has passed) it is not given: that is compared.
 */
export async function replayOf({ header, lines: recorded }: Trace): Promise<Replay> {
  const replayed: LaneLine[] = [];
  const clock = new RecordedClock();
  const executor = new RecordedExecutor(recorded, clock);
  let given: TracedEntry | null = null;
  const observer = new LineObserver((line) => replayed.push(sameKind(line as LaneLine, given)));
  const lane = createOneShotLane({ ...header.options, clock, executor, observer });
  for (const line of recorded) {
    clock.set(line[1]);
    switch (line[0]) {
      case 'arrived':
        given = line[2];
        lane.submit(entryOf(given), () => {});
        break;
      case 'cancelled':
        lane.cancel(line[2]);
        break;
      case 'turn':
        clock.turn();
        break;
      case 'rang':
        clock.ring();
        break;
      case 'ended':
        if (!line[2].isAtOnce) await executor.end(line[2]);
        break;
      case 'decided':
        break;
    }
  }
  return { lines: replayed, divergence: divergenceOf(recorded, replayed) };
}

function entryOf({ deadlineAtMs, kind, ...entry }: TracedEntry) {
  return virtualEntry({ ...entry, deadlineAtMs: deadlineAtMs ?? Number.POSITIVE_INFINITY, compatibility: kind });
}

/** An entry that was given has its kind's digest for its kind, of which the observer takes another digest. */
function sameKind(line: LaneLine, given: TracedEntry | null): LaneLine {
  return line[0] === 'arrived' && given !== null ? [line[0], line[1], { ...line[2], kind: given.kind }] : line;
}

function divergenceOf(recorded: readonly LaneLine[], replayed: readonly LaneLine[]): Divergence | null {
  for (const [at, line] of recorded.entries()) {
    const other = replayed[at] ?? null;
    if (JSON.stringify(line) !== JSON.stringify(other)) return { at, recorded: line, replayed: other };
  }
  // Of a host that was killed the trace may end amid what followed an event.
  return null;
}

/** Time as it was recorded: turns and alarms come when the trace says. */
class RecordedClock implements Clock {
  #now: Moment = 0;
  #soon: (() => void)[] = [];
  readonly #alarms = new Set<{ readonly atMs: Moment; readonly callback: () => void }>();

  now(): Moment {
    return this.#now;
  }

  set(now: Moment): void {
    this.#now = now;
  }

  at(atMs: Moment, callback: () => void): () => void {
    const alarm = { atMs, callback };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  turn(): void {
    for (const callback of this.#soon.splice(0)) callback();
  }

  /** The alarm that was due first. */
  ring(): void {
    const first = [...this.#alarms].sort((a, b) => a.atMs - b.atMs)[0];
    if (first === undefined) return;
    this.#alarms.delete(first);
    first.callback();
  }
}

interface EndedAt extends RunRecord {
  readonly atMs: Moment;
}

/** Runs end when, and as, the trace says. */
class RecordedExecutor implements Executor {
  readonly #clock: RecordedClock;
  readonly #ends = new Map<number, EndedAt>();
  readonly #held = new Map<number, (end: RunRecord) => void>();
  #runs = 0;

  constructor(lines: readonly LaneLine[], clock: RecordedClock) {
    this.#clock = clock;
    for (const line of lines) if (line[0] === 'ended') this.#ends.set(line[2].run, { ...line[2], atMs: line[1] });
  }

  beforeRun(): void {
    // Nobody is to be told: a replay ends no process.
  }

  run(): Tensor[] | Promise<Tensor[]> {
    const number = ++this.#runs;
    const end = this.#ends.get(number);
    if (end?.isAtOnce === true) {
      this.#clock.set(end.atMs);
      return answerOf(end);
    }
    const { promise, resolve } = held<RunRecord>();
    this.#held.set(number, resolve);
    return promise.then(answerOf);
  }

  /** Resolves once the lane has dealt with it. */
  async end(record: RunRecord): Promise<void> {
    this.#held.get(record.run)?.(record);
    this.#held.delete(record.run);
    // All that hangs on the run's promise, however deep.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function held<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** @throws JitneyError of a kind that the lane takes as the recorded lane took its own. */
function answerOf({ how }: RunRecord): Tensor[] {
  if (how === 'done') return [];
  throw new JitneyError(how === 'again' ? 'MODEL_ERROR' : 'INTERNAL', 'the recorded run failed');
}
