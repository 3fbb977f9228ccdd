import type { Clock, ErrorRecord, LaneStats, Moment } from '@jitney/core';
import type { CpuSharers } from '../wire/cpu-sharers.js';
import type { FromHost, HostModel, LoadedModel, LogSettings, ToHost } from '../wire/messages.js';
import { usableCpus } from '../wire/usable-cpus.js';
import { Child, type ChildEnd, type Stuck } from './child.js';
import { Watchdog, type WatchdogLimits } from './watchdog.js';

export interface HostLifeSettings extends WatchdogLimits {
  readonly heartbeatIntervalMs: number;
  /** A load that takes longer is ended. */
  readonly loadTimeoutMs: number;
  readonly maxFrameBytes: number;
  readonly log: LogSettings;
  /** `null`: no traces are written. */
  readonly laneTraceFolder: string | null;
}

export interface LoadFailure {
  readonly model: string;
  readonly version: string;
  readonly stage: string;
  readonly error: ErrorRecord;
}

/** Where in its load a process is: which model, in which stage. */
export interface LoadPosition {
  readonly model: string;
  readonly version: string;
  readonly stage: string;
}

/** How the process ended, and where it was then. */
export interface HostLifeEnd extends ChildEnd {
  readonly wasReady: boolean;
  /** It had answered a request. */
  readonly hasServed: boolean;
  /** `null` where it had not begun to load, or was done with it. */
  readonly position: LoadPosition | null;
}

export interface HostLifeEvents {
  readonly onPosition: (position: LoadPosition) => void;
  readonly onReady: (models: readonly LoadedModel[]) => void;
  /** None of its models could be loaded. */
  readonly onFailed: (failures: readonly LoadFailure[]) => void;
  /** Called exactly once, when the process is gone. */
  readonly onEnd: (end: HostLifeEnd) => void;
}

export interface HostLifeOptions {
  readonly hostId: string;
  /** Name of the host, for the command line until it names itself. */
  readonly name: string;
  /** Absolute path of the host's main module. */
  readonly module: string;
  readonly socketPath: string;
  readonly models: readonly HostModel[];
  /** Itself included. */
  readonly cpuSharers: CpuSharers;
  readonly settings: HostLifeSettings;
  readonly clock: Clock;
  readonly events: HostLifeEvents;
}

/** Least time to write the end of a trace. */
const TRACE_GRACE_MS = 5_000;

/** One process of a host from its start to its end: loads, is watched, drains. */
export class HostLife {
  readonly #options: HostLifeOptions;
  readonly #child: Child<ToHost, FromHost>;
  readonly #watchdog: Watchdog;
  readonly startedAtMs: Moment;
  #isReady = false;
  #hasServed = false;
  #position: LoadPosition | null = null;
  readonly #failures: LoadFailure[] = [];
  #lanes: readonly LaneStats[] = [];
  #memoryBytes = 0;
  #cancelLoadTimer: () => void;
  #onDrained = () => {};
  #onGone = () => {};
  readonly #gone = new Promise<void>((resolve) => {
    this.#onGone = resolve;
  });

  constructor(options: HostLifeOptions) {
    const { clock, settings } = options;
    this.#options = options;
    this.startedAtMs = clock.now();
    this.#watchdog = new Watchdog({
      clock,
      intervalMs: settings.heartbeatIntervalMs,
      limits: settings,
      onStuck: (stuck) => this.#child.killStuck(stuck),
    });
    this.#child = this.#spawn();
    this.#cancelLoadTimer = clock.at(this.startedAtMs + settings.loadTimeoutMs, () =>
      this.#child.killStuck(this.#loadsTooLong()),
    );
  }

  get pid(): number {
    return this.#child.pid;
  }

  get hostId(): string {
    return this.#options.hostId;
  }

  get socketPath(): string {
    return this.#options.socketPath;
  }

  /** As its last heartbeat had them, in the order in which `onReady` named the models. */
  get lanes(): readonly LaneStats[] {
    return this.#lanes;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** Loads that failed so far. */
  get failures(): readonly LoadFailure[] {
    return this.#failures;
  }

  /** Lets it answer what it holds, for `graceMs` at most, and ends it. Answers once it is gone. */
  async stop(graceMs: number): Promise<void> {
    const isTraced = this.#options.settings.laneTraceFolder !== null;
    const graceOrTraceMs = isTraced ? Math.max(graceMs, TRACE_GRACE_MS) : graceMs;
    if (this.#isReady && graceOrTraceMs > 0) await this.#drain(graceOrTraceMs);
    this.#child.kill('SIGKILL');
    await this.#gone;
  }

  #drain(graceMs: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const cancel = clock.at(clock.now() + graceMs, resolve);
      this.#onDrained = () => {
        cancel();
        resolve();
      };
      this.#child.send({ type: 'drain' });
    });
  }

  #spawn(): Child<ToHost, FromHost> {
    const { hostId, name, module, socketPath, models, cpuSharers, settings } = this.#options;
    const child = new Child<ToHost, FromHost>({
      module,
      label: `host ${name}`,
      env: { UV_THREADPOOL_SIZE: String(threadPoolSize(models, usableCpus().count)), ORT_DISABLE_TELEMETRY: '1' },
      onMessage: (message) => this.#receive(message),
      onEnd: (end) => this.#ended(end),
    });
    const { log, laneTraceFolder, heartbeatIntervalMs, maxFrameBytes } = settings;
    const told = { log, laneTraceFolder, heartbeatIntervalMs, maxFrameBytes };
    child.send({ type: 'load', hostId, socketPath, models, cpuSharers, ...told });
    return child;
  }

  #receive(message: FromHost): void {
    switch (message.type) {
      case 'stage':
        this.#position = message;
        return this.#options.events.onPosition(message);
      case 'ready':
        this.#isReady = true;
        this.#position = null;
        this.#cancelLoadTimer();
        this.#watchdog.start();
        return this.#options.events.onReady(message.models);
      case 'served':
        this.#hasServed = true;
        return;
      case 'load-failed':
        this.#failures.push(message);
        if (this.#failures.length < this.#options.models.length) return;
        return this.#options.events.onFailed(this.#failures);
      case 'heartbeat':
        this.#watchdog.beat(message.lanes);
        this.#lanes = message.lanes;
        this.#memoryBytes = message.memoryBytes;
        return;
      case 'drained':
        return this.#onDrained();
    }
  }

  #loadsTooLong(): Stuck {
    const { loadTimeoutMs } = this.#options.settings;
    const where = this.#position === null ? '' : ` of ${this.#position.model}, in stage '${this.#position.stage}'`;
    return { why: `the load${where} took longer than supervision.loadTimeoutMs (${loadTimeoutMs} ms)`, sinceMs: null };
  }

  #ended(end: ChildEnd): void {
    this.#cancelLoadTimer();
    this.#watchdog.stop();
    this.#onDrained();
    this.#onGone();
    this.#options.events.onEnd({
      ...end,
      wasReady: this.#isReady,
      hasServed: this.#hasServed,
      position: this.#position,
    });
  }
}

/** For files and names, which Node does there as well. */
const SPARE_THREADS = 2;
/** As libuv has it. */
const MAX_POOL_THREADS = 1024;

/** Threads of libuv's pool: one for each run, and for each CPU a decoder of pictures and a tokeniser. */
export function threadPoolSize(models: readonly HostModel[], cpus: number): number {
  const runs = models.reduce((sum, model) => sum + model.instances, 0);
  return Math.min(runs + 2 * cpus + SPARE_THREADS, MAX_POOL_THREADS);
}
