import type { Config } from '../config/index.js';
import type { FleetModel } from './fleet-model.js';
import { type ModelArtefact, modelOverrides, type Repository, toHostModel } from './repository/index.js';

/** What the fleet is asked to have of a repository: what can be served is loaded, the rest is known by its reason. */
export function wantedModels(repository: Repository, config: Config): FleetModel[] {
  return repository.artefacts.map((artefact) => ({
    name: artefact.name,
    version: artefact.version,
    isDefault: artefact.isDefault,
    host: artefact.manifest.host ?? null,
    wanted: wantedOf(artefact, config),
  }));
}

function wantedOf(artefact: ModelArtefact, config: Config): FleetModel['wanted'] {
  const { state } = artefact;
  switch (state.state) {
    case 'servable':
      return { state: 'load', hostModel: toHostModel(artefact, config.models, modelOverrides(config)) };
    case 'refused':
      return { state: 'leave', as: 'failed', reason: state.reason };
    case 'left-out':
      return { state: 'leave', as: 'unloaded', reason: state.reason };
  }
}
