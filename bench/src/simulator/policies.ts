import type { Simulation } from './simulate.js';

type LaneSettings = Simulation['lane'];

/** No more than a model of this size would ever want. */
const WITHOUT_BOUND = 2 ** 30;

/** Takes everything that waits, however much: the queue that theory describes. */
export function takeAll(maxRows = WITHOUT_BOUND): LaneSettings {
  return {
    batching: { mode: 'rows', maxRows, shared: [], sensitive: false, reason: 'it is simulated' },
    instances: 1,
    limits: { maxEntries: WITHOUT_BOUND, maxBytes: WITHOUT_BOUND },
  };
}
