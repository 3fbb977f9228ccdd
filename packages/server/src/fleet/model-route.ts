import type { LoadedModel, ModelRoute } from '../wire/messages.js';
import { type FleetModel, keyOf } from './fleet-model.js';
import type { LoadFailure } from './host-life.js';
import type { HostState } from './supervised-host.js';

/**
 * What gateways are told of a model version.
 *
 * @param host - state of its host; `null` where it has none
 * @param loaded - what it was found to be when it was last ready
 */
export function modelRoute(model: FleetModel, host: HostState | null, loaded: LoadedModel | null): ModelRoute {
  const { name, version, isDefault, wanted } = model;
  const standing =
    wanted.state === 'leave' ? without(wanted.as, wanted.reason) : standingOf(model, host, loaded !== null);
  return { name, version, isDefault, loaded, ...standing };
}

type Standing = Pick<ModelRoute, 'state' | 'reason' | 'hosts'>;

const without = (state: ModelRoute['state'], reason: string): Standing => ({ state, reason, hosts: [] });

function standingOf(model: FleetModel, host: HostState | null, wasReady: boolean): Standing {
  if (host === null) return without('unloaded', 'unloaded');
  switch (host.state) {
    case 'ready': {
      const ready = host.models.find((one) => keyOf(one) === keyOf(model));
      if (ready === undefined) return missing(model, host.failures);
      const { hostId, socketPath } = host;
      return { state: 'ready', reason: '', hosts: [{ hostId, socketPath, target: ready.target }] };
    }
    case 'failed':
      return without('failed', failureOf(model, host.failures)?.error.message ?? 'did not load');
    case 'restarting':
      return without(wasReady ? 'restarting' : 'loading', host.why);
    case 'starting':
      return without(wasReady ? 'restarting' : 'loading', `in stage '${host.position?.stage ?? 'start'}'`);
    case 'stopped':
      return without('unloaded', 'unloaded');
  }
}

/** Its host serves others: it failed there, or comes with the process that is to replace that one. */
function missing(model: FleetModel, failures: readonly LoadFailure[]): Standing {
  const failure = failureOf(model, failures);
  return failure === undefined ? without('loading', 'its host is coming up') : without('failed', failure.error.message);
}

function failureOf({ name, version }: FleetModel, failures: readonly LoadFailure[]): LoadFailure | undefined {
  return failures.find((one) => one.model === name && one.version === version);
}
