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
  return { ...laneOf(WITHOUT_BOUND, WITHOUT_BOUND), policy: { size: 'all', maxRunBytes: WITHOUT_BOUND } };
}

function laneOf(maxRows: number, maxEntries: number): LaneSettings {
  return {
    batching: { mode: 'rows', maxRows, shared: [], sensitive: false, reason: 'it is simulated' },
    instances: 1,
    limits: { maxEntries, maxBytes: WITHOUT_BOUND },
  };
}

/** What a host has where nobody set anything: it has run the model in some sizes before it serves it. */
function hostLane({ alphaMs, betaMs }: SimulatedModel): LaneSettings {
  const knownRuns = SWEEP.map((rows) => ({ rows, units: rows, tookMs: alphaMs + betaMs * rows }));
  return { ...laneOf(MAX_ROWS, 1_024), knownRuns };
}

/** Rows of the runs that warm a model up: each size several times, the first of which teaches nothing. */
const SWEEP: readonly number[] = [1, 2, 4, 8, 16, 32, 64].flatMap((rows) => [rows, rows, rows]);

export const JITNEY: Policy = { name: 'Jitney', laneFor: hostLane };

export const TAKE_ALL: Policy = {
  name: 'take all',
  laneFor: (model) => ({ ...hostLane(model), policy: { size: 'all' } }),
};

/** In ms; one of 0 waits for nothing, as Jitney does. */
const WINDOWS_MS: readonly number[] = [1, 2, 5, 10, 20, 50, 100];

export const WINDOWS: readonly Policy[] = WINDOWS_MS.map((maxDelayMs) => ({
  name: `window ${maxDelayMs} ms`,
  laneFor: (model) => ({ ...hostLane(model), policy: { maxDelayMs } }),
}));

export const POLICIES: readonly Policy[] = [JITNEY, TAKE_ALL, ...WINDOWS];
