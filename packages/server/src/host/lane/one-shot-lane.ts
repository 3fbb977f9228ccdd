import {
  type Batching,
  type Clock,
  type Entry,
  invariant,
  type JitneyError,
  type KnownRun,
  type Lane,
  type LaneStats,
  type LatencyModel,
  type Moment,
  type Outcome,
  type Tensor,
} from '@jitney/core';
import { NumberMap } from '../../wire/number-map.js';
import { Alarm } from './alarm.js';
import { deliver } from './answer.js';
import { ArrivalRate } from './arrival-rate.js';
import { joinInputs } from './batch-tensors.js';
import { Deadlines } from './deadlines.js';
import { type Decision, decide } from './decide.js';
import { cancelled, deadlineExceeded, droppedEarly, shuttingDown } from './endings.js';
import type { Executor } from './executor.js';
import { createCounts } from './lane-counts.js';
import { LinearLatencyModel } from './latency-model.js';
import { type LaneObserver, recordOf } from './observer.js';
import { Outlook } from './outlook.js';
import { ProcessRuns } from './process-runs.js';
import { type QueueLimits, RequestQueue } from './request-queue.js';
import { isSurelyInTime } from './rules/admission.js';
import type { BatchPolicy } from './rules/row-bound.js';
import { Run } from './run.js';
import { type EndedRun, failureOf, type RunResult, resultOf } from './run-result.js';
import { Ticket } from './ticket.js';

export interface OneShotLaneOptions {
  /** Whether rows of different entries may share a run, and how many. */
  readonly batching: Batching;
  /** How many runs may go on at the same time. */
  readonly instances: number;
  readonly limits: QueueLimits;
  readonly clock: Clock;
  readonly executor: Executor;
  /** Default: one that has yet to learn. */
  readonly latencyModel?: LatencyModel;
  /** Runs made before, which the latency model is told of. */
  readonly knownRuns?: readonly KnownRun[];
  /** How runs are formed; `maxRows` is the batching's. Default: see `DEFAULT_POLICY`. */
  readonly policy?: Partial<Omit<BatchPolicy, 'maxRows'>>;
  /** The one of all lanes in this process. Default: this is the only lane. */
  readonly processRuns?: ProcessRuns;
  readonly observer?: LaneObserver;
}

/** The lane of a model that answers each request in one go: many entries to a run, or many runs to an entry. */
export function createOneShotLane(options: OneShotLaneOptions): Lane {
  return new OneShotLane(options);
}

/** What holds where nobody says otherwise. */
export const DEFAULT_POLICY: Omit<BatchPolicy, 'maxRows'> = {
  maxRunBytes: 64 * 2 ** 20,
  latencyMs: null,
  maxDelayMs: 0,
  size: 'efficient',
};

/** Short runs are made on this thread one after the other; after so long, what else the loop has comes first. */
const TURN_MS = 0.25;
/** Shorter runs cost less to repeat than to announce. */
const ANNOUNCED_FROM_MS = 1;
/** A refused request is not asked to come again sooner. */
const SHORTEST_RETRY_MS = 1;

/**
 * Carries out what `decide` decides. An entry is a ticket from `submit` until it ends, exactly once; a decision is a run
 * on one of the instances until it returns.
 */
class OneShotLane implements Lane {
  readonly #clock: Clock;
  readonly #executor: Executor;
  readonly #instances: number;
  readonly #policy: BatchPolicy;
  readonly #sharedInputs: readonly string[];
  readonly #latencyModel: LatencyModel;
  readonly #processRuns: ProcessRuns;
  readonly #observer: LaneObserver | undefined;
  readonly #queue: RequestQueue;
  readonly #deadlines: Deadlines;
  readonly #tickets = new NumberMap<Ticket>();
  /** In flight, the oldest first. */
  readonly #runs: Run[] = [];
  /** Hardly anybody leaves a run that answers at once, and a signal costs 2 µs: half of what a lone entry takes. */
  #spareAbort: AbortController | null = null;
  /** Answers that go out once the instance has its next run, so that both go on at the same time. */
  #owed: EndedRun | null = null;
  readonly #arrivals = new ArrivalRate();
  readonly #counts = createCounts();
  #isAwake = false;
  #lastRun = 0;
  #lastEndAtMs: Moment = Number.NEGATIVE_INFINITY;
  /** Rings when a run has waited long enough to be filled. */
  readonly #fillAlarm: Alarm;
  #onDrained: (() => void) | null = null;
  #drained: Promise<void> | null = null;

  constructor(options: OneShotLaneOptions) {
    const { batching, clock } = options;
    this.#clock = clock;
    this.#executor = options.executor;
    this.#instances = options.instances;
    const maxRows = batching.mode === 'rows' ? batching.maxRows : null;
    this.#policy = { ...DEFAULT_POLICY, ...options.policy, maxRows };
    this.#sharedInputs = batching.mode === 'rows' ? batching.shared : [];
    const knownRuns = options.knownRuns ?? [];
    this.#latencyModel =
      options.latencyModel ?? (knownRuns.length > 0 ? new LinearLatencyModel(0) : new LinearLatencyModel());
    this.#processRuns = options.processRuns ?? new ProcessRuns();
    for (const run of knownRuns) this.#latencyModel.observe(run, run.tookMs);
    this.#observer = options.observer;
    this.#queue = new RequestQueue(options.limits, this.#policy.latencyMs);
    this.#deadlines = new Deadlines(clock, {
      onRing: (now) => this.#observer?.rang(now, 'deadline'),
      onExpired: (ticket, now) => this.#expire(ticket, now),
    });
    this.#fillAlarm = new Alarm(clock, () => this.#onFilled());
    this.#processRuns.join(this.#wake, options.instances);
  }

  submit(entry: Entry, settle: (outcome: Outcome) => void): void {
    if (this.#tickets.has(entry.id)) invariant(false, `entry ${entry.id} was submitted while it is in the lane`);
    const now = this.#clock.now();
    this.#observer?.arrived(now, entry);
    const ticket = new Ticket(entry, settle, now);
    this.#arrivals.add(entry.rows, now);
    const refusal = this.#refusal(ticket, now);
    if (refusal !== null) return settle({ state: 'failed', error: refusal });
    this.#tickets.set(entry.id, ticket);
    this.#queue.push(ticket);
    this.#deadlines.add(ticket);
    this.#wake();
  }

  cancel(id: number): void {
    const ticket = this.#tickets.get(id);
    if (ticket === undefined) return;
    this.#observer?.cancelled(this.#clock.now(), id);
    this.#fail(ticket, cancelled());
  }

  stats(): LaneStats {
    const now = this.#clock.now();
    const [oldest] = this.#runs;
    return {
      queuedEntries: this.#queue.entries + this.#queue.again.size,
      queuedRows: this.#queue.rows,
      queuedBytes: this.#queue.bytes,
      runningRows: this.#runs.reduce((rows, run) => rows + run.rows, 0),
      oldestRunMs: oldest === undefined ? 0 : now - oldest.startedAtMs,
      expectedWaitMs: this.expectedWaitMs(now),
      counts: { ...this.#counts, runs: { ...this.#counts.runs } },
    };
  }

  expectedWaitMs(now: Moment): number {
    if (this.#queue.entries === 0 && this.#queue.again.size === 0 && this.#runs.length < this.#instances) return 0;
    return this.#outlook(now).expectedWaitMs();
  }

  drain(): Promise<void> {
    this.#drained ??= new Promise((resolve) => {
      this.#onDrained = resolve;
    });
    this.#finishDrain();
    return this.#drained;
  }

  #refusal(ticket: Ticket, now: Moment): JitneyError | null {
    const { entry } = ticket;
    if (this.#drained !== null) return shuttingDown();
    if (entry.deadlineAtMs <= now) return deadlineExceeded(ticket, now);
    const full = this.#queue.refusal(entry, () => Math.max(SHORTEST_RETRY_MS, this.expectedWaitMs(now)));
    if (full !== null) {
      this.#counts.refusedFull += 1;
      return full;
    }
    const freeAtMs = Math.max(now, this.#runs.at(-1)?.expectedEndAtMs ?? now);
    if (isSurelyInTime(entry, this.#queue, this.#latencyModel, freeAtMs)) return null;
    const late = this.#outlook(now).lateRefusal(ticket);
    if (late !== null) this.#counts.refusedLate += 1;
    return late;
  }

  #outlook(now: Moment): Outlook {
    return new Outlook({
      queue: this.#queue,
      policy: this.#policy,
      latencyModel: this.#latencyModel,
      instances: this.#instances,
      running: this.#runs,
      lastEndAtMs: this.#lastEndAtMs,
      arrivingRowsPerMs: this.#arrivals.perMs(now),
      now,
    });
  }

  /** Decides once what else arrived in this turn of the loop has been read. */
  readonly #wake = (): void => {
    if (this.#isAwake || this.#runs.length >= this.#instances) return;
    this.#isAwake = true;
    this.#clock.soon(this.#onTurn);
  };

  readonly #onTurn = (): void => {
    this.#isAwake = false;
    const now = this.#clock.now();
    this.#observer?.turn(now);
    this.#dispatch(now);
  };

  #onFilled(): void {
    const now = this.#clock.now();
    this.#observer?.rang(now, 'fill');
    this.#dispatch(now);
  }

  /** Starts whatever may start. */
  #dispatch(fromMs: Moment): void {
    let now = fromMs;
    for (let decision = this.#decide(now); decision.seats.length > 0; decision = this.#decide(now)) {
      const endedAtMs = this.#start(decision, now);
      if (endedAtMs === null) continue;
      now = endedAtMs;
      // After a run on this thread, what is left and is little waits for what came meanwhile to be read.
      const isLittle = this.#queue.entries > 0 && this.#queue.rows < decision.rows;
      if (now > fromMs + TURN_MS || isLittle) return this.#wake();
    }
  }

  /** Asks until nobody ends by the answer: whoever was told may have cancelled others. */
  #decide(now: Moment): Decision<Ticket> {
    let decision = this.#decideOnce(now);
    while (decision.expired.length > 0 || decision.hopeless.length > 0) {
      for (const ticket of decision.expired) if (ticket.state !== 'ended') this.#expire(ticket, now);
      for (const ticket of decision.hopeless) if (ticket.state !== 'ended') this.#drop(ticket, now);
      decision = this.#decideOnce(now);
    }
    if (decision.wakeAtMs !== null) this.#fillAlarm.set(decision.wakeAtMs);
    if (decision.needsProcess) this.#processRuns.claim(this.#wake);
    else this.#processRuns.release(this.#wake);
    return decision;
  }

  #decideOnce(now: Moment): Decision<Ticket> {
    const decision = decide({
      queue: this.#queue,
      instances: {
        total: this.#instances,
        running: this.#runs,
        lastEndAtMs: this.#lastEndAtMs,
        runningElsewhere: this.#processRuns.running - this.#runs.length,
        isReserved: this.#processRuns.isReservedFrom(this.#wake),
      },
      policy: this.#policy,
      arrivingRowsPerMs: this.#arrivals.perMs(now),
      latencyModel: this.#latencyModel,
      now,
    });
    this.#observer?.decided(now, recordOf(decision, this.#lastRun + 1));
    return decision;
  }

  /** @returns the moment in which it ended, of a run that was made at once; `null`: it goes on. */
  #start(decision: Decision<Ticket>, now: Moment): Moment | null {
    this.#lastRun += 1;
    this.#counts.runs[decision.boundBy] += 1;
    this.#counts.rows += decision.rows;
    const run = new Run(decision, { number: this.#lastRun, now, abort: this.#spareAbort ?? new AbortController() });
    this.#spareAbort = null;
    this.#runs.push(run);
    this.#processRuns.begin();
    for (const seat of run.seats) {
      this.#queue.take(seat, now);
      seat.ticket.board(run, now);
    }
    return this.#execute(run);
  }

  #execute(run: Run): Moment | null {
    let answer: Tensor[] | Promise<Tensor[]>;
    try {
      if (this.#mustAnnounce(run)) this.#executor.beforeRun(run.entryIds);
      const tensors = joinInputs(run.seats, this.#sharedInputs);
      answer = this.#executor.run({ tensors, outputs: run.outputs }, run.abort.signal);
    } catch (thrown) {
      return this.#finish(run, failureOf(run, thrown));
    }
    if (answer instanceof Promise) {
      void answer.then(
        (outputs) => this.#finishLater(run, resultOf(run, outputs)),
        (thrown: unknown) => this.#finishLater(run, failureOf(run, thrown)),
      );
      return null;
    }
    if (!run.abort.signal.aborted) this.#spareAbort = run.abort;
    return this.#finish(run, resultOf(run, answer));
  }

  /** All that may be in flight at a time are announced, or none: else the end of one would acquit another. */
  #mustAnnounce({ isAlone, predictedMs }: Run): boolean {
    const isShort = predictedMs > 0 && predictedMs < ANNOUNCED_FROM_MS;
    return isAlone || !isShort || this.#processRuns.instances > 1;
  }

  #finish(run: Run, result: RunResult): Moment {
    const now = this.#clock.now();
    this.#observer?.ended(now, { run: run.number, how: result.state, isAtOnce: true });
    this.#free(run, result, now);
    // In the order of the runs.
    this.#deliverOwed();
    deliver({ run, result, atMs: now }, this.#end);
    return now;
  }

  /** Failures go out first: other parts of the same entries must not run any more. */
  #finishLater(run: Run, result: RunResult): void {
    const now = this.#clock.now();
    this.#observer?.ended(now, { run: run.number, how: result.state, isAtOnce: false });
    this.#free(run, result, now);
    const ended = { run, result, atMs: now };
    if (result.state === 'done') this.#owed = ended;
    else deliver(ended, this.#end);
    this.#dispatch(now);
    this.#deliverOwed();
  }

  /** Frees the instance. */
  #free(run: Run, result: RunResult, now: Moment): void {
    this.#runs.splice(this.#runs.indexOf(run), 1);
    this.#processRuns.end();
    this.#lastEndAtMs = now;
    const { seats } = run;
    if (result.state === 'done') this.#learn(run, now - run.startedAtMs);
    for (const seat of seats) {
      seat.ticket.alight(run);
      if (result.state === 'again' && seat.ticket.state !== 'ended') this.#queue.repeat(seat);
    }
    this.#finishDrain();
  }

  #learn({ rows, units, predictedMs }: Run, tookMs: number): void {
    this.#latencyModel.observe({ rows, units }, tookMs);
    if (predictedMs <= 0) return;
    this.#counts.tookMs += tookMs;
    this.#counts.predictedMs += predictedMs;
  }

  #deliverOwed(): void {
    const owed = this.#owed;
    this.#owed = null;
    if (owed !== null) deliver(owed, this.#end);
  }

  #expire(ticket: Ticket, now: Moment): void {
    this.#counts.expired += 1;
    this.#fail(ticket, deadlineExceeded(ticket, now));
  }

  #drop(ticket: Ticket, now: Moment): void {
    this.#counts.dropped += 1;
    this.#fail(ticket, droppedEarly(ticket, now));
  }

  #fail(ticket: Ticket, error: JitneyError): void {
    this.#end(ticket, { state: 'failed', error });
  }

  readonly #end = (ticket: Ticket, outcome: Outcome): void => {
    const { entry } = ticket;
    if (ticket.state === 'ended') invariant(false, `entry ${entry.id} ended twice`);
    if (ticket.state === 'waiting') this.#queue.remove(ticket);
    this.#queue.removeAgain(ticket);
    ticket.state = 'ended';
    this.#tickets.delete(entry.id);
    this.#deadlines.remove(ticket);
    for (const ride of ticket.rides) ride.leave();
    // Others may have waited for it to run alone.
    if (entry.alone) this.#wake();
    ticket.settle(outcome);
    this.#finishDrain();
  };

  #finishDrain(): void {
    if (this.#drained === null || this.#tickets.size > 0 || this.#runs.length > 0) return;
    this.#deadlines.close();
    this.#fillAlarm.clear();
    this.#onDrained?.();
  }
}
