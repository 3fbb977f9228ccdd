import {
  type Batch,
  type Batching,
  type Clock,
  type Entry,
  invariant,
  JitneyError,
  type Lane,
  type LaneStats,
  type LatencyModel,
  type Moment,
  type Outcome,
  type Tensor,
} from '@jitney/core';
import { batchOf, joinPieces, outputsOf, type Piece } from './batch.js';
import { type Decision, decide, type Part } from './decide.js';
import { LinearLatencyModel } from './latency-model.js';
import { type QueueLimits, RequestQueue, type Waiting } from './request-queue.js';

/** What runs a lane's batches: a model in a server, a virtual one in the simulator. */
export interface Executor {
  /** Answers at once where the run was short. */
  run(batch: Batch, signal: AbortSignal): Tensor[] | Promise<Tensor[]>;
  /** Told before a run that may take the process with it: one that is long, or must be alone. */
  beforeRun(entryIds: readonly number[]): void;
}

export interface OneShotLaneOptions {
  readonly batching: Batching;
  /** Runs that may be made at a time. */
  readonly instances: number;
  readonly limits: QueueLimits;
  readonly clock: Clock;
  readonly executor: Executor;
  readonly latency?: LatencyModel;
}

/** Runs predicted to be shorter are not announced: telling costs as much as repeating them. */
const ANNOUNCE_ABOVE_MS = 1;

/** An entry between its submission and its end. */
interface Ticket {
  readonly waiting: Waiting;
  readonly settle: (outcome: Outcome) => void;
  /** Outputs of the parts that have run: one, or several where the entry is larger than a batch. */
  readonly pieces: Piece[];
  rowsDone: number;
  /** Runs that it is in now. */
  readonly runs: Set<Run>;
  startedAtMs: Moment;
  batchRows: number;
}

/** A batch in flight. */
interface Run {
  readonly parts: readonly Part[];
  readonly rows: number;
  readonly alone: boolean;
  readonly startedAtMs: Moment;
  readonly abort: AbortController;
}

/** Creates the lane for models that answer in one run (DESIGN.md §5, §7). */
export function createOneShotLane(options: OneShotLaneOptions): Lane {
  return new OneShotLane(options);
}

class OneShotLane implements Lane {
  readonly #options: OneShotLaneOptions;
  readonly #queue: RequestQueue;
  readonly #latency: LatencyModel;
  readonly #tickets = new Map<number, Ticket>();
  readonly #runs = new Set<Run>();
  readonly #drained: (() => void)[] = [];
  #isDraining = false;
  #isScheduled = false;
  #alarmAtMs: Moment = Number.POSITIVE_INFINITY;
  #cancelAlarm: () => void = () => {};

  constructor(options: OneShotLaneOptions) {
    this.#options = options;
    this.#queue = new RequestQueue(options.limits);
    this.#latency = options.latency ?? new LinearLatencyModel();
  }

  submit(entry: Entry, settle: (outcome: Outcome) => void): void {
    invariant(!this.#tickets.has(entry.id), `lane entry ${entry.id} was submitted twice (host)`);
    const refusal = this.#refusal(entry);
    if (refusal !== null) return settle({ state: 'failed', error: refusal });
    try {
      const waiting = this.#queue.push(entry);
      this.#tickets.set(entry.id, {
        waiting,
        settle,
        pieces: [],
        rowsDone: 0,
        runs: new Set(),
        startedAtMs: 0,
        batchRows: 0,
      });
    } catch (thrown) {
      return settle({ state: 'failed', error: JitneyError.from(thrown) });
    }
    if (entry.deadlineAtMs < this.#alarmAtMs) this.#setAlarm(entry.deadlineAtMs);
    this.#schedule();
  }

  cancel(id: number): void {
    const ticket = this.#tickets.get(id);
    if (ticket !== undefined) this.#fail(ticket, new JitneyError('CANCELLED', 'the client left before the answer'));
  }

  stats(): LaneStats {
    const now = this.#options.clock.now();
    let runningRows = 0;
    let oldestRunMs = 0;
    for (const run of this.#runs) {
      runningRows += run.rows;
      oldestRunMs = Math.max(oldestRunMs, now - run.startedAtMs);
    }
    const { entries: queuedEntries, rows: queuedRows, bytes: queuedBytes } = this.#queue;
    return { queuedEntries, queuedRows, queuedBytes, runningRows, oldestRunMs, expectedWaitMs: this.#expectedWaitMs() };
  }

  drain(): Promise<void> {
    this.#isDraining = true;
    if (this.#tickets.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #refusal(entry: Entry): JitneyError | null {
    if (this.#isDraining)
      return new JitneyError('SHUTTING_DOWN', 'the model takes no more requests: it is being unloaded');
    return entry.deadlineAtMs <= this.#options.clock.now() ? expired() : null;
  }

  /** Arrivals of one turn of the event loop are looked at together. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.clock.soon(() => {
      this.#isScheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (;;) {
      const decision = this.#decide();
      for (const waiting of decision.expired) this.#failById(waiting.entry.id, expired());
      if (decision.state === 'idle') return;
      this.#execute(decision);
    }
  }

  #decide(): Decision {
    const { instances, batching, clock } = this.#options;
    let alone = false;
    for (const run of this.#runs) alone ||= run.alone;
    const running = { freeInstances: instances - this.#runs.size, runs: this.#runs.size, alone };
    return decide(this.#queue, running, batching, clock.now());
  }

  #execute({ parts, rows, alone }: Extract<Decision, { state: 'run' }>): void {
    const run: Run = { parts, rows, alone, startedAtMs: this.#options.clock.now(), abort: new AbortController() };
    this.#begin(run);
    let outputs: Tensor[] | Promise<Tensor[]>;
    try {
      if (alone || this.#latency.predict({ rows, units: rows }) > ANNOUNCE_ABOVE_MS) this.#announce(run);
      outputs = this.#options.executor.run(batchOf(parts, this.#options.batching), run.abort.signal);
    } catch (thrown) {
      return this.#failed(run, thrown);
    }
    if (!(outputs instanceof Promise)) return this.#finished(run, outputs);
    outputs.then(
      (settled) => {
        this.#finished(run, settled);
        this.#dispatch();
      },
      (thrown) => {
        this.#failed(run, thrown);
        this.#dispatch();
      },
    );
  }

  #begin(run: Run): void {
    this.#runs.add(run);
    for (const { waiting, toRow } of run.parts) {
      this.#queue.take(waiting, toRow);
      const ticket = this.#ticketOf(waiting);
      ticket.runs.add(run);
      if (ticket.startedAtMs === 0) ticket.startedAtMs = run.startedAtMs;
      ticket.batchRows = Math.max(ticket.batchRows, run.rows);
    }
  }

  #announce({ parts }: Run): void {
    this.#options.executor.beforeRun(parts.map(({ waiting }) => waiting.entry.id));
  }

  #finished(run: Run, outputs: readonly Tensor[]): void {
    const finishedAtMs = this.#options.clock.now();
    this.#latency.observe({ rows: run.rows, units: run.rows }, finishedAtMs - run.startedAtMs);
    const split = outputsOf(outputs, run.parts, run.rows, this.#options.batching);
    if (split instanceof JitneyError) return this.#failed(run, split);
    this.#runs.delete(run);
    for (const [index, part] of run.parts.entries()) {
      const ticket = this.#tickets.get(part.waiting.entry.id);
      // It left while it ran.
      if (ticket === undefined) continue;
      ticket.pieces.push({ fromRow: part.fromRow, outputs: split[index] as readonly Tensor[] });
      ticket.rowsDone += part.toRow - part.fromRow;
      ticket.runs.delete(run);
      if (ticket.rowsDone >= part.waiting.entry.rows) this.#answer(ticket, finishedAtMs);
    }
  }

  #answer(ticket: Ticket, finishedAtMs: Moment): void {
    const { entry } = ticket.waiting;
    const { startedAtMs, batchRows } = ticket;
    this.#end(ticket, {
      state: 'done',
      outputs: joinPieces(ticket.pieces),
      timing: { enqueuedAtMs: entry.arrivedAtMs, startedAtMs, finishedAtMs, batchRows },
    });
  }

  /** One bad row must fail alone: what shared a batch that failed runs again, each entry by itself. */
  #failed(run: Run, thrown: unknown): void {
    this.#runs.delete(run);
    const error = JitneyError.from(thrown, 'MODEL_ERROR');
    const tickets = run.parts.flatMap(({ waiting }) => this.#tickets.get(waiting.entry.id) ?? []);
    const isShared = run.parts.length > 1 && error.code !== 'CANCELLED';
    for (const ticket of tickets.reverse()) {
      ticket.runs.delete(run);
      if (isShared) this.#runAgainAlone(ticket);
      else this.#fail(ticket, error);
    }
    if (isShared) this.#schedule();
  }

  #runAgainAlone({ waiting }: Ticket): void {
    waiting.fromRow = 0;
    waiting.solo = true;
    this.#queue.putBack(waiting);
  }

  #failById(id: number, error: JitneyError): void {
    const ticket = this.#tickets.get(id);
    if (ticket !== undefined) this.#fail(ticket, error);
  }

  #fail(ticket: Ticket, error: JitneyError): void {
    this.#queue.remove(ticket.waiting);
    this.#end(ticket, { state: 'failed', error });
    for (const run of ticket.runs) this.#abortIfDeserted(run);
  }

  /** A run nobody waits for any more gives its instance back. */
  #abortIfDeserted(run: Run): void {
    if (run.parts.some(({ waiting }) => this.#tickets.has(waiting.entry.id))) return;
    run.abort.abort(new JitneyError('CANCELLED', 'nobody waits for this run any more'));
  }

  #end(ticket: Ticket, outcome: Outcome): void {
    this.#tickets.delete(ticket.waiting.entry.id);
    ticket.settle(outcome);
    if (this.#tickets.size > 0) return;
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  #ticketOf(waiting: Waiting): Ticket {
    const ticket = this.#tickets.get(waiting.entry.id);
    invariant(ticket !== undefined, `lane entry ${waiting.entry.id} waits without a ticket (host/lane)`);
    return ticket;
  }

  #setAlarm(atMs: Moment): void {
    this.#cancelAlarm();
    this.#alarmAtMs = atMs;
    this.#cancelAlarm =
      atMs === Number.POSITIVE_INFINITY ? () => {} : this.#options.clock.at(atMs, () => this.#alarm());
  }

  /** Ends what has no time left, wherever it is, and waits for the next deadline. */
  #alarm(): void {
    const now = this.#options.clock.now();
    let next: Moment = Number.POSITIVE_INFINITY;
    for (const ticket of [...this.#tickets.values()]) {
      const { deadlineAtMs } = ticket.waiting.entry;
      if (deadlineAtMs <= now) this.#fail(ticket, expired());
      else next = Math.min(next, deadlineAtMs);
    }
    this.#setAlarm(next);
  }

  /** Whole batches before a request that came now, at what they are predicted to take. */
  #expectedWaitMs(): number {
    const { batching, instances } = this.#options;
    if (this.#queue.entries === 0 && this.#runs.size < instances) return 0;
    const rowsARun = batching.mode === 'rows' ? batching.maxRows : 1;
    const runs = Math.ceil(this.#queue.rows / rowsARun) + this.#runs.size;
    const rows = Math.min(rowsARun, Math.max(1, this.#queue.rows));
    const runMs = this.#latency.predict({ rows, units: rows });
    return Number.isFinite(runMs) ? (runs / instances) * runMs : 0;
  }
}

const expired = () => new JitneyError('DEADLINE_EXCEEDED', 'Request timeout expired', { retryAfterMs: 1_000 });
