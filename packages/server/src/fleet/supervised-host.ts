import type { Clock } from '@jitney/core';
import type { CpuSharers } from '../wire/cpu-sharers.js';
import type { HostEnded, HostFacts, HostModel, LoadedModel } from '../wire/messages.js';
import { HostLife, type HostLifeEnd, type HostLifeSettings, type LoadFailure, type LoadPosition } from './host-life.js';
import { decideRestart, type EndedLife, type RestartSettings, remember } from './restart-policy.js';
import { RiskyStages } from './risky-stages.js';

export interface HostSettings extends RestartSettings, HostLifeSettings {}

/** Where a host is in its life. */
export type HostState =
  | { readonly state: 'starting'; readonly position: LoadPosition | null }
  | {
      readonly state: 'ready';
      readonly hostId: string;
      readonly socketPath: string;
      readonly models: readonly LoadedModel[];
      /** Models that it should hold as well and that failed to load. */
      readonly failures: readonly LoadFailure[];
    }
  | { readonly state: 'restarting'; readonly why: string }
  /** Given up: a new load is needed. */
  | { readonly state: 'failed'; readonly failures: readonly LoadFailure[] }
  | { readonly state: 'stopped' };

/** What follows the end of a host's process. */
export type Aftermath =
  | { readonly state: 'restart'; readonly afterMs: number; readonly because: string | null }
  | { readonly state: 'give-up' }
  /** It was told to end. */
  | { readonly state: 'none' };

export interface HostEvents {
  /** The state changed; read it from the host. */
  readonly onChange: () => void;
  /** It serves; `afterEnd` where another process did before. */
  readonly onReady: (facts: HostFacts, tookMs: number, afterEnd: boolean) => void;
  /** A process of this host ended, whether or not another follows. */
  readonly onEnd: (ended: HostEnded, facts: HostFacts, aftermath: Aftermath) => void;
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
  readonly sockets: { socketPath(name: string): string; release(socketPath: string): void };
  /** Asked as each process starts; itself included. */
  readonly cpuSharers: () => CpuSharers;
}

/**
 * A host over all its lives: starts the process, waits until it is ready, replaces it when it ends, and gives up when
 * it keeps failing.
 */
export class SupervisedHost {
  readonly name: string;
  readonly #options: HostOptions;
  readonly #risky = new RiskyStages();
  #state: HostState = { state: 'starting', position: null };
  #life: HostLife | null = null;
  #lives = 0;
  #ended: EndedLife[] = [];
  #wasEverReady = false;
  #cancelRestart = () => {};

  constructor(options: HostOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get state(): HostState {
    return this.#state;
  }

  get models(): readonly HostModel[] {
    return this.#options.models;
  }

  get facts(): HostFacts {
    const models = this.#state.state === 'ready' ? this.#state.models : this.#options.models;
    return {
      hostId: this.#life?.hostId ?? this.name,
      models: models.map((model) => `${model.name}@${model.version}`),
      pid: this.#life?.pid ?? 0,
      memoryBytes: this.#life?.memoryBytes ?? 0,
      restarts: Math.max(0, this.#lives - 1),
      lanes: this.#life?.lanes ?? [],
    };
  }

  start(): void {
    const { clock, module, name, models, settings, sockets, nextHostId, cpuSharers } = this.#options;
    const hostId = nextHostId(name);
    this.#lives += 1;
    const life: HostLife = new HostLife({
      hostId,
      name,
      module,
      socketPath: sockets.socketPath(hostId),
      models: models.map((model) => this.#risky.leaveOut(model)),
      cpuSharers: cpuSharers(),
      settings,
      clock,
      events: {
        onPosition: (position) => {
          if (this.#state.state === 'starting') this.#become({ state: 'starting', position });
        },
        onReady: (loaded) => this.#ready(life, loaded),
        onFailed: (failures) => this.#fail(failures),
        onEnd: (end) => this.#lifeEnded(life, end),
      },
    });
    this.#life = life;
    this.#become({ state: 'starting', position: null });
  }

  /** Lets it answer what it holds within `graceMs`, then ends the process. */
  async stop(graceMs: number): Promise<void> {
    this.#cancelRestart();
    this.#become({ state: 'stopped' });
    await this.#life?.stop(graceMs);
  }

  #ready(life: HostLife, models: readonly LoadedModel[]): void {
    if (this.#state.state !== 'starting') return;
    const { hostId, socketPath, failures } = life;
    this.#wasEverReady = true;
    this.#become({ state: 'ready', hostId, socketPath, models, failures });
    this.#options.events.onReady(this.facts, this.#options.clock.now() - life.startedAtMs, this.#lives > 1);
  }

  #fail(failures: readonly LoadFailure[]): void {
    this.#become({ state: 'failed', failures });
    void this.#life?.stop(0);
  }

  #lifeEnded(life: HostLife, end: HostLifeEnd): void {
    const { facts } = this;
    this.#life = null;
    this.#options.sockets.release(life.socketPath);
    const aftermath = this.#aftermath(end);
    const { hostId } = life;
    this.#options.events.onEnd(
      { hostId, end: end.end, detail: end.detail, stuckSinceMs: end.stuckSinceMs },
      facts,
      aftermath,
    );
    if (aftermath.state === 'give-up') this.#become({ state: 'failed', failures: this.#exhausted(end) });
    if (aftermath.state === 'restart') this.#restart(end, aftermath.afterMs);
  }

  #aftermath(end: HostLifeEnd): Aftermath {
    if (this.#state.state === 'failed' || this.#state.state === 'stopped') return { state: 'none' };
    const because = this.#risky.avoid(end);
    if (because !== null) return { state: 'restart', afterMs: 0, because };
    const { clock, settings } = this.#options;
    const { end: how, wasReady, hasServed } = end;
    const life = { atMs: clock.now(), end: how, wasReady, hasServed };
    this.#ended = remember(this.#ended, life, settings);
    const decision = decideRestart(this.#ended, this.#wasEverReady, settings);
    return decision.state === 'give-up' ? decision : { ...decision, because: null };
  }

  #restart(end: HostLifeEnd, afterMs: number): void {
    const { clock } = this.#options;
    this.#become({ state: 'restarting', why: `its process ended ${end.detail}` });
    if (afterMs === 0) this.start();
    else this.#cancelRestart = clock.at(clock.now() + afterMs, () => this.start());
  }

  #exhausted({ end, detail, position }: HostLifeEnd): LoadFailure[] {
    const isSaid = position === null || end === 'hung';
    const where = isSaid ? '' : ` while it loaded ${position.model}, in stage '${position.stage}'`;
    const times = this.#ended.length === 1 ? 'its process ended' : `its process kept ending, the last time`;
    const error = { code: 'MODEL_FAILED', message: `given up: ${times} ${detail}${where}` } as const;
    return this.#options.models.map(({ name, version }) => ({
      model: name,
      version,
      stage: position?.stage ?? 'run',
      error,
    }));
  }

  #become(state: HostState): void {
    this.#state = state;
    this.#options.events.onChange();
  }
}
