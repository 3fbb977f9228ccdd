import { MAX_ROWS, type SimulatedModel } from './models.js';
import type { Simulation } from './simulate.js';

type LaneSettings = Simulation['lane'];

/** A way to form batches, under the name it has in tables and plots. */
export interface Policy {
  readonly name: string;
  laneFor(model: SimulatedModel): LaneSettings;
}

/** No more than a model of this size would ever want. */
const WITHOUT_BOUND = 2 ** 30;

/** Takes everything that waits, without a bound: the queue that theory describes. */
export function takeAllWithoutBound(): LaneSettings {
  return laneOf(WITHOUT_BOUND, WITHOUT_BOUND);
}

/** What a host has where nobody set anything. */
function hostLane(): LaneSettings {
  return laneOf(MAX_ROWS, 1_024);
}

function laneOf(maxRows: number, maxEntries: number): LaneSettings {
  return {
    batching: { mode: 'rows', maxRows, shared: [], sensitive: false, reason: 'it is simulated' },
    instances: 1,
    policy: { size: 'all' },
    limits: { maxEntries, maxBytes: WITHOUT_BOUND },
  };
}

export const JITNEY: Policy = { name: 'Jitney', laneFor: hostLane };

export const TAKE_ALL: Policy = { name: 'take all', laneFor: hostLane };

/** In ms; one of 0 waits for nothing, as Jitney does. */
const WINDOWS_MS: readonly number[] = [];

export const WINDOWS: readonly Policy[] = WINDOWS_MS.map((maxDelayMs) => ({
  name: `window ${maxDelayMs} ms`,
  laneFor: () => ({ ...hostLane() }),
}));

export const POLICIES: readonly Policy[] = [JITNEY, TAKE_ALL, ...WINDOWS];
