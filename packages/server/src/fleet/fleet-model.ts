import type { HostModel } from '../wire/messages.js';

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

/** What a version goes by: `fraud@1`. */
export const keyOf = (model: { readonly name: string; readonly version: string }) => `${model.name}@${model.version}`;

/** Name of the host that holds the version. */
export const hostOf = (model: FleetModel) => model.host ?? keyOf(model);

/** What each host has to load, by its name. */
export function groupByHost(models: readonly FleetModel[]): Map<string, HostModel[]> {
  const groups = new Map<string, HostModel[]>();
  for (const model of models) {
    if (model.wanted.state !== 'load') continue;
    const group = groups.get(hostOf(model));
    if (group === undefined) groups.set(hostOf(model), [model.wanted.hostModel]);
    else group.push(model.wanted.hostModel);
  }
  return groups;
}
