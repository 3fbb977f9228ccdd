import type { Address } from './address.js';
import { Connection, type ConnectionEvents } from './connection.js';
import { type LoadReport, Tally } from './tally.js';

export interface ClosedLoopPlan extends Address {
  /** How many requests are under way at any time, each on a connection of its own. */
  readonly connections: number;
  /** Sent one after the other, over and over. */
  readonly requests: readonly Uint8Array[];
  /** An answer that takes longer is too late. Default: none is. */
  readonly sloMs?: number | null;
}

/** A load that goes on until it is stopped. */
export interface RunningLoad {
  /** What it saw since the last `take`, or since its start: latency from the request's write to the response's last byte. */
  take(): LoadReport;
  /** The same, and it goes on. */
  peek(): LoadReport;
  /**
   * Resolves once so many more are answered.
   * @throws Error where none was for half a minute.
   */
  answered(count: number): Promise<void>;
  /** Waits for the answers under way, then closes the connections. */
  stop(): Promise<void>;
}

const STALL_MS = 30_000;

/** How long to wait before connecting again where nobody listens, and first where connections end without an answer. */
const RECONNECT_MS = 5;
const LONGEST_RECONNECT_MS = 100;

/** Sends the next request on each connection as soon as the one before is answered. */
export function startClosedLoop(plan: ClosedLoopPlan): RunningLoad {
  const load = new ClosedLoop(plan);
  load.start();
  return load;
}

interface Watcher {
  readonly count: number;
  readonly resolve: () => void;
}

class ClosedLoop implements RunningLoad {
  readonly #plan: ClosedLoopPlan;
  readonly #events: ConnectionEvents;
  /** Those that are open, and as many waits to open one anew. */
  readonly #open = new Set<Connection | NodeJS.Timeout>();
  #sent = 0;
  #tally: Tally;
  #sinceMs = performance.now();
  #answeredEver = 0;
  /** Connections that ended without an answer since there was one. */
  #fruitless = 0;
  #watchers: Watcher[] = [];
  #onStopped: (() => void) | null = null;

  constructor(plan: ClosedLoopPlan) {
    this.#plan = plan;
    this.#tally = this.#newTally();
    this.#events = {
      onOpen: (connection) => this.#sendOn(connection),
      onAnswer: (connection, status, sinceMs) => this.#onAnswer(connection, status, sinceMs),
      onEnd: (connection, reason, lostSinceMs) => this.#onEnd(connection, reason, lostSinceMs),
    };
  }

  start(): void {
    for (let i = 0; i < this.#plan.connections; i++) this.#connect();
  }

  take(): LoadReport {
    const report = this.peek();
    this.#sinceMs = performance.now();
    this.#tally = this.#newTally();
    return report;
  }

  peek(): LoadReport {
    return this.#tally.report((performance.now() - this.#sinceMs) / 1_000);
  }

  answered(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let before = this.#answeredEver;
      const stall = setInterval(() => {
        if (this.#answeredEver === before) {
          clearInterval(stall);
          const failures = JSON.stringify(this.peek().failures);
          reject(new Error(`nothing was answered with 200 for ${STALL_MS / 1_000} s; what failed: ${failures}`));
        }
        before = this.#answeredEver;
      }, STALL_MS);
      const done = () => {
        clearInterval(stall);
        resolve();
      };
      this.#watchers.push({ count: this.#answeredEver + count, resolve: done });
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#onStopped = resolve;
      for (const one of this.#open) {
        if (!(one instanceof Connection)) this.#leave(one);
        else if (one.canSend) one.close();
      }
      if (this.#open.size === 0) resolve();
    });
  }

  #newTally(): Tally {
    return new Tally(this.#plan.sloMs ?? null);
  }

  #connect(): void {
    const connection = new Connection(this.#plan, this.#events);
    this.#open.add(connection);
    connection.open();
  }

  #sendOn(connection: Connection): void {
    const { requests } = this.#plan;
    if (this.#onStopped === null) connection.send(requests[this.#sent++ % requests.length]!, performance.now());
    else connection.close();
  }

  #onAnswer(connection: Connection, status: number, sinceMs: number): void {
    this.#tally.answer(status, Math.round((performance.now() - sinceMs) * 1_000));
    this.#fruitless = 0;
    if (status === 200) {
      this.#answeredEver += 1;
      if (this.#watchers.length > 0) this.#wake();
    }
    if (connection.canSend) this.#sendOn(connection);
  }

  #onEnd(connection: Connection, reason: string, lostSinceMs: number | null): void {
    if (lostSinceMs !== null) this.#tally.fail(reason);
    this.#open.delete(connection);
    if (this.#onStopped !== null) return this.#leave(connection);
    if (connection.hasAnswered) return this.#connect();
    this.#connectIn(this.#pauseMs(reason));
  }

  /** As long where nobody listens, so that the moment is seen when somebody does; else twice as long each time around. */
  #pauseMs(reason: string): number {
    if (reason === 'ECONNREFUSED') return RECONNECT_MS;
    const around = Math.floor(this.#fruitless++ / this.#plan.connections);
    return Math.min(LONGEST_RECONNECT_MS, RECONNECT_MS * 2 ** around);
  }

  #connectIn(ms: number): void {
    const wait = setTimeout(() => {
      this.#open.delete(wait);
      this.#connect();
    }, ms);
    this.#open.add(wait);
  }

  #leave(one: Connection | NodeJS.Timeout): void {
    if (!(one instanceof Connection)) clearTimeout(one);
    this.#open.delete(one);
    if (this.#open.size === 0) this.#onStopped?.();
  }

  #wake(): void {
    const reached = this.#watchers.filter(({ count }) => count <= this.#answeredEver);
    if (reached.length === 0) return;
    this.#watchers = this.#watchers.filter(({ count }) => count > this.#answeredEver);
    for (const { resolve } of reached) resolve();
  }
}
