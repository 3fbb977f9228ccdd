import type { Address } from './address.js';
import { Connection, type ConnectionEvents } from './connection.js';
import { Histogram } from './histogram.js';
import { Pacer } from './pacer.js';
import type { ServerRun } from './response-parser.js';
import { type LoadReport, Tally } from './tally.js';

export interface OpenLoopPlan extends Address {
  /** Sent one after the other, over and over. */
  readonly requests: readonly Uint8Array[];
  /** When, ascending, in ms from the start: see planSends. */
  readonly sendsMs: Float64Array;
  /** Requests of the first so many ms are sent and not counted. Default 0. */
  readonly warmUpMs?: number;
  /** When the load ends, in ms from the start. */
  readonly durationMs: number;
  /** An answer that takes longer is too late. Default: none is. */
  readonly sloMs?: number | null;
  /** Requests under way at a time, each on a connection of its own. Default 4096. */
  readonly maxConnections?: number;
  /** How long behind the end answers are waited for. Default 10 s. */
  readonly graceMs?: number;
  /** Whether to keep what answers tell of their runs. Default false. */
  readonly readRuns?: boolean;
}

/** What an open loop saw of the requests whose moment was behind the warm-up. Latencies are from that moment on. */
export interface OpenLoadReport extends LoadReport {
  /** Moments that came. Of each request there is an answer or a failure, or at the moment of the report neither yet. */
  readonly intended: number;
  /** Of these, not sent, since `maxConnections` were busy: the load generator's failure, in no other count. */
  readonly unsent: number;
  /** Answers with status 200 that came between the end of the warm-up and the load's end, whenever they were asked for. */
  readonly completed: number;
  /** How late the generator wrote its requests. */
  readonly lagUs: Histogram;
  /** The run of each answer, where they are kept and the server tells: one of three rows is there three times. */
  readonly runs: readonly ServerRun[];
  /** Processor time of the generator's process so far, warm-up included. */
  readonly generatorCpuMs: number;
}

export interface RunningOpenLoop {
  /** So far. */
  peek(): OpenLoadReport;
  /** Once the load is over and all is answered, or the grace is. */
  readonly done: Promise<OpenLoadReport>;
  /** Ends now: what is under way is dropped and counts as neither. */
  stop(): void;
}

/** In a run whose lag is above this at p99, latencies are as much the generator's as the server's. */
const MOST_LAG_US = 1_000;

/** Why a run says little of the server; `null` where it is sound. */
export function voidReason({ lagUs, unsent }: Pick<OpenLoadReport, 'lagUs' | 'unsent'>): string | null {
  const p99Us = lagUs.percentile(99);
  if (p99Us > MOST_LAG_US) return `the load generator was ${(p99Us / 1_000).toFixed(1)} ms late at p99, above 1 ms`;
  if (unsent > 0) return `the load generator had no connection left for ${unsent} requests`;
  return null;
}

/** Sends each request at its moment, whatever became of those before, over as many connections as that takes. */
export function startOpenLoop(plan: OpenLoopPlan): RunningOpenLoop {
  const load = new OpenLoop(plan);
  load.start();
  return load;
}

/** As failures call it. */
const NO_ANSWER = 'no answer';

const DEFAULTS = { warmUpMs: 0, sloMs: null, maxConnections: 4_096, graceMs: 10_000, readRuns: false };

class OpenLoop implements RunningOpenLoop {
  readonly done: Promise<OpenLoadReport>;
  readonly #plan: Required<Omit<OpenLoopPlan, keyof Address>> & Address;
  readonly #events: ConnectionEvents;
  readonly #pacer: Pacer;
  readonly #tally: Tally;
  readonly #lagUs = new Histogram();
  readonly #runs: ServerRun[] = [];
  readonly #cpuBefore = process.cpuUsage();
  /** Open ones, busy or not. */
  readonly #connections = new Set<Connection>();
  /** Those that can send. The last that was answered is the first to be taken: few stay warm, the rest rest. */
  readonly #idle: Connection[] = [];
  #underWay = 0;
  #intended = 0;
  #unsent = 0;
  #completed = 0;
  /** `waiting`: the load is over, answers are under way. */
  #state: 'sending' | 'waiting' | 'over' = 'sending';
  #overAtMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  #resolve!: (report: OpenLoadReport) => void;

  constructor(plan: OpenLoopPlan) {
    this.#plan = { ...DEFAULTS, ...plan };
    this.#tally = new Tally(this.#plan.sloMs);
    this.#events = {
      readRuns: this.#plan.readRuns,
      onAnswer: (connection, status, sinceMs, run) => this.#onAnswer(connection, status, sinceMs, run),
      onEnd: (connection, reason, lostSinceMs) => this.#onEnd(connection, reason, lostSinceMs),
    };
    this.#pacer = new Pacer({
      momentsMs: this.#plan.sendsMs,
      onMoment: (index) => this.#send(index),
      onEnd: () => this.#awaitEnd(),
    });
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  start(): void {
    this.#pacer.start();
  }

  peek(): OpenLoadReport {
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    const elapsedMs = Math.min(this.#plan.durationMs, (this.#overAtMs ?? performance.now()) - this.#pacer.startedAtMs);
    return {
      ...this.#tally.report(Math.max(0, elapsedMs - this.#plan.warmUpMs) / 1_000),
      intended: this.#intended,
      unsent: this.#unsent,
      completed: this.#completed,
      lagUs: this.#lagUs,
      runs: this.#runs,
      generatorCpuMs: (user + system) / 1_000,
    };
  }

  stop(): void {
    this.#finish();
  }

  #send(index: number): void {
    const { requests, sendsMs } = this.#plan;
    const intendedMs = this.#pacer.startedAtMs + sendsMs[index]!;
    const isCounted = this.#isCounted(intendedMs);
    if (isCounted) this.#intended += 1;
    const connection = this.#idle.pop() ?? this.#connect();
    if (connection === null) {
      if (isCounted) this.#unsent += 1;
      return;
    }
    if (isCounted) this.#lagUs.record(usSince(intendedMs));
    this.#underWay += 1;
    connection.send(requests[index % requests.length]!, intendedMs);
  }

  #isCounted(intendedMs: number): boolean {
    return intendedMs - this.#pacer.startedAtMs >= this.#plan.warmUpMs;
  }

  #connect(): Connection | null {
    if (this.#connections.size >= this.#plan.maxConnections) return null;
    const connection = new Connection(this.#plan, this.#events);
    this.#connections.add(connection);
    connection.open();
    return connection;
  }

  #onAnswer(connection: Connection, status: number, sinceMs: number, run: ServerRun | null): void {
    this.#underWay -= 1;
    if (status === 200 && this.#isInTheMeasuredTime()) this.#completed += 1;
    if (this.#isCounted(sinceMs)) {
      this.#tally.answer(status, usSince(sinceMs));
      if (run !== null) this.#runs.push(run);
    }
    if (connection.canSend) this.#idle.push(connection);
    this.#finishIfLast();
  }

  #isInTheMeasuredTime(): boolean {
    const atMs = performance.now() - this.#pacer.startedAtMs;
    return atMs >= this.#plan.warmUpMs && atMs <= this.#plan.durationMs;
  }

  #onEnd(connection: Connection, reason: string, lostSinceMs: number | null): void {
    this.#connections.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    if (lostSinceMs === null || this.#state === 'over') return;
    this.#underWay -= 1;
    if (this.#isCounted(lostSinceMs)) this.#tally.fail(reason);
    this.#finishIfLast();
  }

  /** All are sent. */
  #awaitEnd(): void {
    const leftMs = this.#pacer.startedAtMs + this.#plan.durationMs - performance.now();
    // A timer may come 1 ms early.
    this.#timer = setTimeout(() => this.#awaitAnswers(), Math.max(0, Math.ceil(leftMs) + 1));
  }

  #awaitAnswers(): void {
    this.#state = 'waiting';
    this.#timer = setTimeout(() => this.#giveUp(), this.#plan.graceMs);
    this.#finishIfLast();
  }

  #finishIfLast(): void {
    if (this.#state === 'waiting' && this.#underWay === 0) this.#finish();
  }

  #giveUp(): void {
    for (const { sinceMs } of this.#connections) {
      if (sinceMs !== null && this.#isCounted(sinceMs)) this.#tally.fail(NO_ANSWER);
    }
    this.#finish();
  }

  #finish(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#overAtMs = performance.now();
    this.#pacer.stop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const connection of this.#connections) connection.close();
    this.#resolve(this.peek());
  }
}

const usSince = (momentMs: number) => Math.round((performance.now() - momentMs) * 1_000);
