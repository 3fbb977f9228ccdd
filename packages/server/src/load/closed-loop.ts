import { Connection } from './connection.js';
import { Histogram } from './histogram.js';

export interface LoadTarget {
  readonly port: number;
  /** How many requests are under way at any time, each on a connection of its own. */
  readonly connections: number;
  /** Sent one after the other, over and over. */
  readonly requests: readonly Uint8Array[];
}

/** What a load saw over a stretch of time. */
export interface LoadReport {
  readonly seconds: number;
  /** Answers with status 200. */
  readonly answered: number;
  /** `503`, `ECONNRESET` … with how often. */
  readonly failures: Readonly<Record<string, number>>;
  /** Of the answers with status 200: from the request's write to the response's last byte. */
  readonly latencyUs: Histogram;
}

/** A load that goes on until it is stopped. */
export interface RunningLoad {
  /** What it saw since the last `take`, or since its start. */
  take(): LoadReport;
  /**
   * Resolves once so many more are answered.
   * @throws Error where none was for half a minute.
   */
  answered(count: number): Promise<void>;
  /** Waits for the answers under way, then closes the connections. */
  stop(): Promise<void>;
}

const STALL_MS = 30_000;

/** Sends the next request on each connection as soon as the one before is answered. */
export function startClosedLoop(target: LoadTarget): RunningLoad {
  const load = new ClosedLoop(target);
  load.start();
  return load;
}

interface Watcher {
  readonly count: number;
  readonly resolve: () => void;
}

class ClosedLoop implements RunningLoad {
  readonly #requests: readonly Uint8Array[];
  readonly #connections: readonly Connection[];
  #sent = 0;
  #answered = 0;
  #failures: Record<string, number> = {};
  #latencyUs = new Histogram();
  #sinceMs = performance.now();
  #answeredEver = 0;
  #watchers: Watcher[] = [];

  constructor({ port, connections, requests }: LoadTarget) {
    this.#requests = requests;
    const next = () => this.#requests[this.#sent++ % this.#requests.length]!;
    const onAnswer = (status: number, tookUs: number) => this.#onAnswer(status, tookUs);
    const onLoss = (reason: string) => this.#onFailure(reason);
    this.#connections = Array.from({ length: connections }, () => new Connection({ port, next, onAnswer, onLoss }));
  }

  start(): void {
    for (const connection of this.#connections) connection.start();
  }

  take(): LoadReport {
    const nowMs = performance.now();
    const report = {
      seconds: (nowMs - this.#sinceMs) / 1_000,
      answered: this.#answered,
      failures: this.#failures,
      latencyUs: this.#latencyUs,
    };
    this.#sinceMs = nowMs;
    this.#answered = 0;
    this.#failures = {};
    this.#latencyUs = new Histogram();
    return report;
  }

  answered(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let before = this.#answeredEver;
      const stall = setInterval(() => {
        if (this.#answeredEver === before) {
          clearInterval(stall);
          const failures = JSON.stringify(this.#failures);
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

  async stop(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.stop()));
  }

  #onAnswer(status: number, tookUs: number): void {
    if (status !== 200) return this.#onFailure(String(status));
    this.#answered += 1;
    this.#answeredEver += 1;
    this.#latencyUs.record(tookUs);
    if (this.#watchers.length > 0) this.#wake();
  }

  #onFailure(reason: string): void {
    this.#failures[reason] = (this.#failures[reason] ?? 0) + 1;
  }

  #wake(): void {
    const reached = this.#watchers.filter(({ count }) => count <= this.#answeredEver);
    if (reached.length === 0) return;
    this.#watchers = this.#watchers.filter(({ count }) => count > this.#answeredEver);
    for (const { resolve } of reached) resolve();
  }
}
