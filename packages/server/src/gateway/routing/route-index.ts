import { JitneyError } from '@jitney/core';
import type { ModelRoute, RoutingTable } from '../../wire/messages.js';

/** The routing table as requests look things up in it. */
export class RouteIndex {
  #models: readonly ModelRoute[] = [];
  #byName = new Map<string, Map<string, ModelRoute>>();
  #defaults = new Map<string, ModelRoute>();

  replace(table: RoutingTable): void {
    this.#models = table.models;
    this.#byName = new Map();
    this.#defaults = new Map();
    for (const route of table.models) {
      const versions = this.#byName.get(route.name) ?? new Map<string, ModelRoute>();
      versions.set(route.version, route);
      this.#byName.set(route.name, versions);
      if (route.isDefault) this.#defaults.set(route.name, route);
    }
  }

  get all(): readonly ModelRoute[] {
    return this.#models;
  }

  /** Versions of a model that are or will be served. */
  versionsOf(name: string): string[] {
    return this.#models
      .filter((route) => route.name === name && route.state !== 'unloaded')
      .map((route) => route.version);
  }

  get(name: string, version: string): ModelRoute | undefined {
    return this.#byName.get(name)?.get(version);
  }

  /** The same without a word where there is none. */
  known({ model, version }: { readonly model: string | null; readonly version: string | null }): ModelRoute | null {
    if (model === null) return null;
    return (version === null ? this.#defaults.get(model) : this.get(model, version)) ?? null;
  }

  /** The named version, or the default one. @throws JitneyError `MODEL_NOT_FOUND` in Triton's words. */
  find(name: string, version: string | null): ModelRoute {
    const versions = this.#byName.get(name);
    if (versions === undefined) {
      throw new JitneyError('MODEL_NOT_FOUND', `Request for unknown model: '${name}' is not found`);
    }
    const route = version === null ? this.#defaults.get(name) : versions.get(version);
    if (route !== undefined) return route;
    if (version !== null) throw new JitneyError('MODEL_NOT_FOUND', `'${name}' version ${version} is not found`);
    throw new JitneyError('MODEL_NOT_FOUND', `Request for unknown model: '${name}' has no available versions`);
  }
}
