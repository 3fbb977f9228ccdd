import type { Clock, ErrorRecord, LaneStats, Moment } from '@jitney/core';
import type { FromHost, HostFacts, HostModel, LoadedModel, LogSettings, ToHost } from '../wire/messages.js';
import { Child, type ChildEnd } from './child.js';
import { decideRestart, type RestartSettings } from './restart-policy.js';
import { judgePulse, type WatchdogLimits } from './watchdog.js';

export interface HostSettings extends RestartSettings, WatchdogLimits {
  readonly heartbeatIntervalMs: number;
  /** A load that takes longer is ended. */
  readonly loadTimeoutMs: number;
  readonly maxFrameBytes: number;
  readonly log: LogSettings;
  /** Size of libuv's pool in a host: runs + decodes + tokenisers + 2 (DESIGN.md §5). */
  readonly threadPoolSize: number;
}

/** Where a host is in its life. */
export type HostState =
  | { readonly state: 'starting'; readonly stage: string }
  | { readonly state: 'ready'; readonly socketPath: string; readonly models: readonly LoadedModel[] }
  | { readonly state: 'restarting'; readonly why: string }
  /** Given up: a new load is needed. */
  | { readonly state: 'failed'; readonly failures: readonly LoadFailure[] }
  | { readonly state: 'stopped' };

export interface LoadFailure {
  readonly model: string;
  readonly version: string;
  readonly stage: string;
  readonly error: ErrorRecord;
}

export interface HostEvents {
  /** The state changed; read it from the host. */
  readonly onChange: () => void;
  /** A process of this host ended, whether or not another follows. */
  readonly onEnd: (hostId: string, end: ChildEnd) => void;
  /** A load entered a stage: for progress. */
  readonly onStage: (model: string, stage: string) => void;
}

export interface HostOptions {
  /** Name of the host: `fraud@1`, or what several models named. */
  readonly name: string;
  readonly models: readonly HostModel[];
  readonly settings: HostSettings;
  readonly clock: Clock;
  readonly events: HostEvents;
  /** Absolute path of the host's main module. */
  readonly module: string;
  /** A name no other process of this server has or had. */
  readonly nextHostId: (name: string) => string;
  readonly socketPathFor: (hostId: string) => string;
}

/**
 * A host over all its lives: starts the process, waits until it is ready, watches it, replaces it when it ends, and
 * gives up when it keeps failing.
 */
export class SupervisedHost {
  readonly name: string;
  readonly #options: HostOptions;
  #state: HostState = { state: 'starting', stage: 'start' };
  #child: Child<ToHost, FromHost> | null = null;
  #hostId = '';
  #lives = 0;
  #stage = 'start';
  #failures: LoadFailure[] = [];
  /** Ends that count towards giving up. */
  #ends: Moment[] = [];
  #lastBeatAtMs: Moment = 0;
  #lanes: readonly LaneStats[] = [];
  #memoryBytes = 0;
  #cancelTimer: () => void = () => {};
  #drained: (() => void) | null = null;
  #selfCheckEnded: string | null = null;

  constructor(options: HostOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get state(): HostState {
    return this.#state;
  }

  get hostId(): string {
    return this.#hostId;
  }

  get models(): readonly HostModel[] {
    return this.#options.models;
  }

  get facts(): HostFacts {
    return {
      hostId: this.#hostId,
      models: this.#options.models.map((model) => `${model.name}@${model.version}`),
      pid: this.#child?.pid ?? 0,
      memoryBytes: this.#memoryBytes,
      restarts: Math.max(0, this.#lives - 1),
      lanes: this.#lanes,
    };
  }

  start(): void {
    this.#ends = [];
    this.#selfCheckEnded = null;
    this.#spawn();
  }

  /** Answers what it holds within `graceMs`, then ends the process. */
  async stop(graceMs: number): Promise<void> {
    const child = this.#child;
    this.#cancelTimer();
    const wasReady = this.#state.state === 'ready';
    this.#become({ state: 'stopped' });
    if (child === null) return;
    if (wasReady) await this.#drain(child, graceMs);
    child.kill('SIGKILL');
  }

  #drain(child: Child<ToHost, FromHost>, graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.at(this.#options.clock.now() + graceMs, resolve);
      this.#drained = () => {
        cancel();
        resolve();
      };
      child.send({ type: 'drain' });
    });
  }

  #spawn(): void {
    const { settings, clock, module, name } = this.#options;
    this.#lives += 1;
    this.#hostId = this.#options.nextHostId(name);
    this.#stage = 'start';
    this.#failures = [];
    this.#lastBeatAtMs = clock.now();
    const socketPath = this.#options.socketPathFor(this.#hostId);
    const child = new Child<ToHost, FromHost>({
      module,
      label: `host ${name}`,
      env: { UV_THREADPOOL_SIZE: String(settings.threadPoolSize), ORT_DISABLE_TELEMETRY: '1' },
      onMessage: (message) => this.#receive(message, socketPath),
      onEnd: (end) => this.#ended(child, end),
    });
    this.#child = child;
    child.send({
      type: 'load',
      hostId: this.#hostId,
      socketPath,
      models: this.#options.models.map((model) => this.#withSelfCheck(model)),
      log: settings.log,
      heartbeatIntervalMs: settings.heartbeatIntervalMs,
      maxFrameBytes: settings.maxFrameBytes,
    });
    this.#watchLoad(child);
  }

  #withSelfCheck(model: HostModel): HostModel {
    if (this.#selfCheckEnded === null) return model;
    const selfCheckReason = `unbatched: the self-check ended the process ${this.#selfCheckEnded}`;
    return { ...model, selfCheck: 'skip', selfCheckReason };
  }

  #watchLoad(child: Child<ToHost, FromHost>): void {
    const { clock, settings } = this.#options;
    this.#cancelTimer = clock.at(clock.now() + settings.loadTimeoutMs, () =>
      child.killHung(`loading took longer than ${settings.loadTimeoutMs} ms, in stage '${this.#stage}'`),
    );
  }

  #receive(message: FromHost, socketPath: string): void {
    switch (message.type) {
      case 'stage':
        this.#stage = message.stage;
        this.#options.events.onStage(message.model, message.stage);
        if (this.#state.state === 'starting') this.#become({ state: 'starting', stage: message.stage });
        return;
      case 'ready':
        this.#cancelTimer();
        this.#lastBeatAtMs = this.#options.clock.now();
        this.#become({ state: 'ready', socketPath, models: message.models });
        return this.#watchPulse();
      case 'load-failed':
        this.#failures.push(message);
        if (this.#failures.length === this.#options.models.length) this.#giveUp();
        return;
      case 'heartbeat':
        this.#lastBeatAtMs = this.#options.clock.now();
        this.#lanes = message.lanes;
        this.#memoryBytes = message.memoryBytes;
        return;
      case 'drained':
        return this.#drained?.();
    }
  }

  /** Failures of a load so far: some of a shared host's models may fail while the others serve. */
  get failures(): readonly LoadFailure[] {
    return this.#failures;
  }

  #watchPulse(): void {
    const { clock, settings } = this.#options;
    const child = this.#child;
    this.#cancelTimer = clock.at(clock.now() + settings.heartbeatIntervalMs, () => {
      const pulse = { lastBeatAtMs: this.#lastBeatAtMs, lanes: this.#lanes };
      const why = judgePulse(pulse, clock.now(), settings);
      if (why === null) this.#watchPulse();
      else child?.killHung(why);
    });
  }

  #giveUp(): void {
    this.#cancelTimer();
    this.#become({ state: 'failed', failures: this.#failures });
    this.#child?.kill('SIGKILL');
  }

  #ended(child: Child<ToHost, FromHost>, end: ChildEnd): void {
    if (child !== this.#child) return;
    this.#cancelTimer();
    this.#child = null;
    this.#lanes = [];
    this.#memoryBytes = 0;
    this.#drained?.();
    this.#options.events.onEnd(this.#hostId, end);
    if (this.#state.state === 'failed' || this.#state.state === 'stopped') return;
    this.#restart(end);
  }

  #restart(end: ChildEnd): void {
    const { clock, settings } = this.#options;
    const wasReady = this.#state.state === 'ready';
    if (!wasReady && this.#stage === 'self-check') this.#selfCheckEnded ??= end.detail;
    // Somebody's kill of a host that served is no sign that it will fail again.
    const counts = !(wasReady && end.end === 'killed');
    if (counts) this.#ends.push(clock.now());
    const decision = counts ? decideRestart(this.#ends, settings) : { state: 'restart' as const, afterMs: 0 };
    if (decision.state === 'give-up') return this.#become({ state: 'failed', failures: this.#exhausted(end) });
    this.#become({ state: 'restarting', why: `its process ended ${end.detail}` });
    if (decision.afterMs === 0) return this.#spawn();
    this.#cancelTimer = clock.at(clock.now() + decision.afterMs, () => this.#spawn());
  }

  #exhausted(end: ChildEnd): LoadFailure[] {
    const message =
      `given up: its process ended ${this.#ends.length} times within ` +
      `${this.#options.settings.restartWindowMs / 1000} s, the last time ${end.detail} in stage '${this.#stage}'`;
    return this.#options.models.map(({ name, version }) => ({
      model: name,
      version,
      stage: this.#stage,
      error: { code: 'MODEL_FAILED', message },
    }));
  }

  #become(state: HostState): void {
    this.#state = state;
    if (state.state === 'ready') this.#stage = 'run';
    this.#options.events.onChange();
  }
}
