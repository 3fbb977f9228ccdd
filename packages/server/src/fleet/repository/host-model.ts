import { invariant, JitneyError } from '@jitney/core';
import type { Config, ModelsConfig } from '../../config/index.js';
import type { HostModel } from '../../wire/messages.js';
import type { ModelArtefact } from './artefact.js';

/**
 * An artefact as a host is asked to load it. Also one that the versions policy leaves out: it may be asked for by hand.
 *
 * @param defaults What holds where neither `overrides` nor the model's model.json says anything.
 * @param overrides What was set by flag, environment or config file, which wins over the model's model.json.
 * @throws JitneyError of an artefact that is refused.
 */
export function toHostModel(
  artefact: ModelArtefact,
  defaults: ModelsConfig,
  overrides: Partial<ModelsConfig> = {},
): HostModel {
  const { name, version, path, root, kind, manifest, state } = artefact;
  if (state.state === 'refused') throw JitneyError.from(state.error);
  invariant(kind !== null, `the artefact ${name}@${version} can be served and has no kind (fleet/repository)`);
  return {
    name,
    version,
    path,
    root,
    kind,
    batching: {
      enabled: manifest.batching?.enabled ?? true,
      maxRows: overrides.maxRows ?? manifest.batching?.maxRows ?? defaults.maxRows,
      maxDelayMs: overrides.maxDelayMs ?? manifest.batching?.maxDelayMs ?? defaults.maxDelayMs,
    },
    latencyMs: manifest.slo?.latencyMs ?? null,
    requestTimeoutMs: manifest.timeouts?.requestMs ?? null,
    instances: overrides.instances ?? manifest.instances ?? defaults.instances,
    backendOptions: manifest.backend?.options ?? {},
    queue: {
      maxEntries: overrides.queueMaxEntries ?? manifest.queue?.maxEntries ?? defaults.queueMaxEntries,
      maxBytes: overrides.queueMaxBytes ?? manifest.queue?.maxBytes ?? defaults.queueMaxBytes,
    },
    warmUp: manifest.warmup?.enabled ?? true,
    warmUpRows: manifest.warmup?.rows ?? null,
    selfCheck: 'run',
    selfCheckReason: '',
  };
}

/** The settings of models that somebody set, by flag, environment or config file. */
export function modelOverrides({ models, sources }: Pick<Config, 'models' | 'sources'>): Partial<ModelsConfig> {
  const keys = Object.keys(models) as (keyof ModelsConfig)[];
  const set = keys.filter((key) => sources[`models.${key}`].from !== 'default');
  return Object.fromEntries(set.map((key) => [key, models[key]]));
}
