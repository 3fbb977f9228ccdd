import { isDeepStrictEqual } from 'node:util';
import { type Clock, JitneyError } from '@jitney/core';
import type { HostEnded, HostFacts, HostModel, LoadedModel, RoutingTable } from '../wire/messages.js';
import { countSharers } from './cpu-sharers.js';
import { type FleetModel, groupByHost, hostOf, keyOf } from './fleet-model.js';
import { modelRoute } from './model-route.js';
import { type Aftermath, type HostOptions, type HostSettings, SupervisedHost } from './supervised-host.js';
import { Turns } from './turns.js';

export interface FleetEvents {
  /** The routing table changed. */
  readonly onRoutes: (table: RoutingTable) => void;
  /** The version was loaded, or loaded anew, at run time. */
  readonly onLoaded: (model: FleetModel) => void;
  readonly onHostReady: (facts: HostFacts, tookMs: number, afterEnd: boolean) => void;
  readonly onHostEnd: (ended: HostEnded, facts: HostFacts, aftermath: Aftermath) => void;
}

export interface FleetOptions extends Pick<HostOptions, 'clock' | 'settings' | 'sockets'> {
  readonly settings: HostSettings;
  readonly clock: Clock;
  readonly hostModule: string;
  readonly drainMs: number;
  readonly events: FleetEvents;
}

/**
 * What is loaded, where, in which state. Models come and go at run time; the routing table follows. A change that
 * concerns one host leaves the others alone, and changes of one host follow one another.
 */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #models = new Map<string, FleetModel>();
  /** The host that serves, by name. */
  readonly #hosts = new Map<string, SupervisedHost>();
  /** Those too that are coming up beside it, or answer what they still hold. */
  readonly #alive = new Set<SupervisedHost>();
  readonly #turns = new Turns();
  /** Loads under way, so that one asked for again meanwhile is one load. */
  readonly #loading = new Map<string, { readonly model: FleetModel; readonly loaded: Promise<void> }>();
  /** What a version was found to be when it was last ready: kept while its host is replaced. */
  readonly #lastLoaded = new Map<string, LoadedModel>();
  readonly #waiting = new Set<() => void>();
  #revision = 0;
  #isStopped = false;
  #spawned = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Makes versions known and starts their hosts, without waiting: what the fleet begins with. */
  add(models: readonly FleetModel[]): void {
    for (const model of models) this.#models.set(keyOf(model), model);
    const groups = [...groupByHost(models)];
    const hosts = groups.map(([name, hostModels]) => this.#createHost(name, hostModels));
    for (const host of hosts) this.#hosts.set(host.name, host);
    for (const host of hosts) host.start();
    this.#publish();
  }

  /**
   * Loads the version, into the host it names or one of its own, or loads it anew. Whatever that host serves already is
   * served until the new process is ready. Answers once it is, and what it replaces is gone.
   * @throws JitneyError when it fails; the version is known as failed then, unless it was served before.
   */
  load(model: FleetModel): Promise<void> {
    const key = keyOf(model);
    const underWay = this.#loading.get(key);
    if (underWay !== undefined && isDeepStrictEqual(underWay.model, model)) return underWay.loaded;
    const loaded = this.#turns.take(hostOf(model), () => this.#load(model));
    const entry = { model, loaded };
    this.#loading.set(key, entry);
    const forget = () => {
      if (this.#loading.get(key) === entry) this.#loading.delete(key);
    };
    loaded.then(forget, forget);
    return loaded;
  }

  /** Takes the version out; what its host holds is answered first. Answers once its process is gone. */
  unload(name: string, version: string): Promise<void> {
    const key = keyOf({ name, version });
    const found = this.#models.get(key);
    if (found === undefined) throw new JitneyError('MODEL_NOT_FOUND', `'${name}' version ${version} is not found`);
    return this.#turns.take(hostOf(found), async () => {
      this.#leave(found, 'unloaded', 'unloaded');
      await this.#takeOut(found);
    });
  }

  /** Loads the version anew beside the old process, which serves until the new one is ready. */
  async reload(name: string, version: string): Promise<void> {
    const model = this.#models.get(keyOf({ name, version }));
    if (model?.wanted.state !== 'load')
      throw new JitneyError('MODEL_NOT_FOUND', `'${name}' version ${version} is not loaded`);
    await this.#turns.take(hostOf(model), () => this.#load(model));
  }

  /** Answers once no version is loading. */
  async settled(): Promise<void> {
    await this.#until(() => this.table().models.every((route) => route.state !== 'loading'));
  }

  table(): RoutingTable {
    const models = [...this.#models.values()].map((model) => {
      const host = this.#hosts.get(hostOf(model));
      return modelRoute(model, host?.state ?? null, this.#lastLoaded.get(keyOf(model)) ?? null);
    });
    return { revision: this.#revision, models };
  }

  hostFacts(): HostFacts[] {
    return [...this.#hosts.values()].map((host) => host.facts);
  }

  /** Ends every host at once: what they hold was answered before, or never will be. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#alive].map((host) => this.#end(host, 0)));
  }

  async #load(model: FleetModel): Promise<void> {
    const { wanted } = model;
    const before = this.#models.get(keyOf(model));
    const wasServed = before?.wanted.state === 'load';
    if (!wasServed) this.#models.set(keyOf(model), model);
    if (wanted.state === 'leave') return this.#publish();
    const others = this.#modelsOf(hostOf(model)).filter((other) => keyOf(other) !== keyOf(model));
    try {
      await this.#replace(hostOf(model), [...others, wanted.hostModel], keyOf(model));
      this.#models.set(keyOf(model), model);
      this.#publish();
      this.#options.events.onLoaded(model);
    } catch (thrown) {
      if (!wasServed) this.#leave(model, 'failed', JitneyError.from(thrown).message);
      throw thrown;
    }
    // It moved: nobody is sent to its old place any more.
    if (wasServed && hostOf(before) !== hostOf(model)) await this.#takeOut(before);
  }

  /** Ends the host that holds the version, or replaces it by one without, where others share it. */
  async #takeOut(model: FleetModel): Promise<void> {
    const name = hostOf(model);
    const stay = this.#modelsOf(name).filter((other) => keyOf(other) !== keyOf(model));
    if (stay.length > 0) return this.#replace(name, stay, null);
    const host = this.#hosts.get(name);
    this.#hosts.delete(name);
    if (host !== undefined) await this.#end(host, this.#options.drainMs);
  }

  #modelsOf(hostName: string): readonly HostModel[] {
    return this.#hosts.get(hostName)?.models ?? [];
  }

  #leave(model: FleetModel, as: 'unloaded' | 'failed', reason: string): void {
    this.#models.set(keyOf(model), { ...model, wanted: { state: 'leave', as, reason } });
    this.#lastLoaded.delete(keyOf(model));
    this.#publish();
  }

  /** Starts a host with these models, and ends the one of that name once it is ready, with `mustLoad` in it. */
  async #replace(name: string, models: readonly HostModel[], mustLoad: string | null): Promise<void> {
    if (this.#isStopped) throw new JitneyError('SHUTTING_DOWN', `${name} is not loaded: the server is ending`);
    const old = this.#hosts.get(name);
    const next = this.#createHost(name, models);
    if (old === undefined) this.#hosts.set(name, next);
    next.start();
    await this.#until(() => ['ready', 'failed', 'stopped'].includes(next.state.state));
    const problem = problemOf(next, mustLoad);
    if (problem !== null) {
      if (old === undefined) this.#hosts.delete(name);
      await this.#end(next, 0);
      throw problem;
    }
    this.#hosts.set(name, next);
    this.#publish();
    if (old !== undefined) await this.#end(old, this.#options.drainMs);
  }

  async #end(host: SupervisedHost, graceMs: number): Promise<void> {
    await host.stop(graceMs);
    this.#alive.delete(host);
  }

  #createHost(name: string, models: readonly HostModel[]): SupervisedHost {
    const { settings, clock, hostModule, sockets, events } = this.#options;
    const host: SupervisedHost = new SupervisedHost({
      name,
      models,
      settings,
      clock,
      sockets,
      module: hostModule,
      nextHostId: (hostName) => `${hostName}#${++this.#spawned}`,
      cpuSharers: () => countSharers([...this.#modelsBeside(name), models]),
      events: {
        onChange: () => this.#changed(host),
        onReady: events.onHostReady,
        onEnd: events.onHostEnd,
      },
    });
    this.#alive.add(host);
    return host;
  }

  /** Of each of the other hosts. */
  #modelsBeside(hostName: string): (readonly HostModel[])[] {
    return [...this.#hosts.values()].filter((host) => host.name !== hostName).map((host) => host.models);
  }

  #changed({ state }: SupervisedHost): void {
    if (state.state === 'ready') for (const loaded of state.models) this.#lastLoaded.set(keyOf(loaded), loaded);
    this.#publish();
  }

  #publish(): void {
    this.#revision += 1;
    this.#options.events.onRoutes(this.table());
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  async #until(reached: () => boolean): Promise<void> {
    while (!reached()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }
}

/** Why a host that came up is not what was asked for. */
function problemOf(host: SupervisedHost, mustLoad: string | null): JitneyError | null {
  const { state } = host;
  if (state.state === 'ready') {
    const failure = state.failures.find((one) => mustLoad === keyOf({ name: one.model, version: one.version }));
    return failure === undefined ? null : JitneyError.fromRecord(failure.error);
  }
  if (state.state === 'failed') {
    const [first] = state.failures;
    const own = state.failures.find((one) => mustLoad === keyOf({ name: one.model, version: one.version })) ?? first;
    return own === undefined
      ? new JitneyError('MODEL_FAILED', `${host.name} did not load`)
      : JitneyError.fromRecord(own.error);
  }
  return new JitneyError('SHUTTING_DOWN', `${host.name} did not load: the server is ending`);
}
