import { type Clock, JitneyError } from '@jitney/core';
import type { HostFacts, HostModel, LoadedModel, ModelRoute, RoutingTable } from '../wire/messages.js';
import type { ChildEnd } from './child.js';
import { type HostSettings, SupervisedHost } from './supervised-host.js';

/** A model version as the fleet is asked to have it. */
export interface FleetModel {
  readonly name: string;
  readonly version: string;
  readonly isDefault: boolean;
  /** Models that name the same host share its process; `null`: a host of its own. */
  readonly host: string | null;
  readonly wanted:
    | { readonly state: 'load'; readonly hostModel: HostModel }
    /** Known, but not to be loaded: a version the policy leaves out, or an artefact that cannot be served. */
    | { readonly state: 'leave'; readonly as: 'unloaded' | 'failed'; readonly reason: string };
}

export interface FleetEvents {
  /** The routing table changed. */
  readonly onRoutes: (table: RoutingTable) => void;
  readonly onHostEnd: (hostId: string, end: ChildEnd) => void;
  readonly onStage: (model: string, stage: string) => void;
}

export interface FleetOptions {
  readonly settings: HostSettings;
  readonly clock: Clock;
  readonly hostModule: string;
  readonly socketPathFor: (hostId: string) => string;
  readonly drainMs: number;
  readonly events: FleetEvents;
}

/**
 * What is loaded, where, in which state. Models come and go at run time; the routing table follows.
 * A change that concerns one host leaves the others alone.
 */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #models = new Map<string, FleetModel>();
  readonly #hosts = new Map<string, SupervisedHost>();
  /** What a version was found to be when it was last ready: kept while its host is replaced. */
  readonly #lastLoaded = new Map<string, LoadedModel>();
  readonly #waiting = new Set<() => void>();
  #revision = 0;
  #spawned = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Makes the version known and starts its host. Answers once it is ready. @throws JitneyError when it fails. */
  async load(model: FleetModel): Promise<void> {
    this.add([model]);
    if (model.wanted.state === 'load') await this.#settled(model);
  }

  /** Makes versions known and starts their hosts, without waiting. Models of one host must come together. */
  add(models: readonly FleetModel[]): void {
    const hosts = [...groupByHost(models)].map(([name, hostModels]) => this.#createHost(name, hostModels));
    for (const host of hosts) {
      this.#hosts
        .get(host.name)
        ?.stop(0)
        .catch(() => {});
      this.#hosts.set(host.name, host);
    }
    for (const model of models) this.#models.set(keyOf(model), model);
    for (const host of hosts) host.start();
    this.#publish();
  }

  /** Takes the version out; what its host holds is answered first. */
  async unload(name: string, version: string): Promise<void> {
    const model = this.#models.get(`${name}@${version}`);
    if (model === undefined) throw new JitneyError('MODEL_NOT_FOUND', `'${name}' version ${version} is not found`);
    const wanted = { state: 'leave', as: 'unloaded', reason: 'unloaded' } as const;
    const host = this.#hosts.get(hostOf(model));
    const stays = host?.models.filter((other) => !(other.name === name && other.version === version)) ?? [];
    this.#models.set(keyOf(model), { ...model, wanted });
    this.#publish();
    if (host === undefined) return;
    if (stays.length > 0) return this.#replaceHost(host, stays);
    this.#hosts.delete(host.name);
    await host.stop(this.#options.drainMs);
  }

  /** Loads the version anew beside the old process, which serves until the new one is ready. */
  async reload(name: string, version: string): Promise<void> {
    const model = this.#models.get(`${name}@${version}`);
    if (model?.wanted.state !== 'load')
      throw new JitneyError('MODEL_NOT_FOUND', `'${name}' version ${version} is not loaded`);
    const host = this.#hosts.get(hostOf(model));
    if (host === undefined) return this.load(model);
    await this.#replaceHost(host, host.models);
  }

  async #replaceHost(old: SupervisedHost, models: readonly HostModel[]): Promise<void> {
    const next = this.#createHost(old.name, models);
    next.start();
    await this.#until(() => next.state.state === 'ready' || next.state.state === 'failed');
    if (next.state.state === 'failed') {
      const failure = next.state.failures[0];
      throw JitneyError.fromRecord(failure?.error ?? { code: 'MODEL_FAILED', message: `${old.name} did not load` });
    }
    this.#hosts.set(old.name, next);
    this.#publish();
    await old.stop(this.#options.drainMs);
  }

  /** Answers once no version is loading. */
  async settled(): Promise<void> {
    await this.#until(() => this.table().models.every((route) => route.state !== 'loading'));
  }

  async #settled(model: FleetModel): Promise<void> {
    await this.#until(() => this.#route(model).state !== 'loading');
    const { state, reason } = this.#route(model);
    if (state === 'failed') throw new JitneyError('MODEL_FAILED', reason);
  }

  async #until(reached: () => boolean): Promise<void> {
    while (!reached()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  table(): RoutingTable {
    return { revision: this.#revision, models: [...this.#models.values()].map((model) => this.#route(model)) };
  }

  hostFacts(): HostFacts[] {
    return [...this.#hosts.values()].map((host) => host.facts);
  }

  /** Ends every host at once: what they hold was answered before, or never will be. */
  async stop(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((host) => host.stop(0)));
  }

  #createHost(name: string, models: readonly HostModel[]): SupervisedHost {
    const { settings, clock, hostModule, socketPathFor, events } = this.#options;
    const host: SupervisedHost = new SupervisedHost({
      name,
      models,
      settings,
      clock,
      module: hostModule,
      nextHostId: (hostName) => `${hostName}#${++this.#spawned}`,
      socketPathFor,
      events: {
        onChange: () => this.#changed(host),
        onEnd: events.onHostEnd,
        onStage: events.onStage,
      },
    });
    return host;
  }

  #changed(host: SupervisedHost): void {
    if (host.state.state === 'ready') {
      for (const loaded of host.state.models) this.#lastLoaded.set(keyOf(loaded), loaded);
    }
    this.#publish();
  }

  #publish(): void {
    this.#revision += 1;
    this.#options.events.onRoutes(this.table());
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  #route(model: FleetModel): ModelRoute {
    const { name, version, isDefault } = model;
    const loaded = this.#lastLoaded.get(keyOf(model)) ?? null;
    const at = { name, version, isDefault, loaded };
    if (model.wanted.state === 'leave') {
      return { ...at, state: model.wanted.as, reason: model.wanted.reason, hosts: [] };
    }
    const host = this.#hosts.get(hostOf(model));
    return { ...at, ...this.#standing(model, host, loaded !== null) };
  }

  #standing(
    model: FleetModel,
    host: SupervisedHost | undefined,
    wasReady: boolean,
  ): Pick<ModelRoute, 'state' | 'reason' | 'hosts'> {
    const failure = host?.failures.find((one) => one.model === model.name && one.version === model.version);
    if (host === undefined) return { state: 'unloaded', reason: 'unloaded', hosts: [] };
    switch (host.state.state) {
      case 'ready': {
        const ready = host.state.models.find((one) => keyOf(one) === keyOf(model));
        if (ready === undefined)
          return { state: 'failed', reason: failure?.error.message ?? 'did not load', hosts: [] };
        const route = { hostId: host.hostId, socketPath: host.state.socketPath, target: ready.target };
        return { state: 'ready', reason: '', hosts: [route] };
      }
      case 'failed': {
        const found = host.state.failures.find((one) => one.model === model.name && one.version === model.version);
        return {
          state: 'failed',
          reason: (found ?? host.state.failures[0])?.error.message ?? 'did not load',
          hosts: [],
        };
      }
      case 'restarting':
        return { state: wasReady ? 'restarting' : 'loading', reason: host.state.why, hosts: [] };
      case 'starting':
        return { state: wasReady ? 'restarting' : 'loading', reason: `in stage '${host.state.stage}'`, hosts: [] };
      case 'stopped':
        return { state: 'unloaded', reason: 'unloaded', hosts: [] };
    }
  }
}

const keyOf = (model: { readonly name: string; readonly version: string }) => `${model.name}@${model.version}`;

const hostOf = (model: FleetModel) => model.host ?? keyOf(model);

function groupByHost(models: readonly FleetModel[]): Map<string, HostModel[]> {
  const groups = new Map<string, HostModel[]>();
  for (const model of models) {
    if (model.wanted.state !== 'load') continue;
    const group = groups.get(hostOf(model));
    if (group === undefined) groups.set(hostOf(model), [model.wanted.hostModel]);
    else group.push(model.wanted.hostModel);
  }
  return groups;
}
