import type { LinearTime } from './run-times.js';

/** A model by its run times, and how soon its answers are wanted. */
export interface SimulatedModel extends LinearTime {
  readonly name: string;
  readonly sloMs: number;
}

/** As servers take it where a model does not say. */
export const MAX_ROWS = 64;

export const SIMULATED_MODELS: readonly SimulatedModel[] = [
  { name: 'accelerator', alphaMs: 10, betaMs: 1, sloMs: 100 },
  { name: 'transformer on a CPU', alphaMs: 2, betaMs: 6, sloMs: 250 },
  { name: 'ResNet on a CPU', alphaMs: 1, betaMs: 25, sloMs: 250 },
  { name: 'tiny', alphaMs: 0.004, betaMs: 0.000_2, sloMs: 1 },
];

/** `accelerator: 10 + 1·b ms, S = 100 ms` */
export function describeModel({ name, alphaMs, betaMs, sloMs }: SimulatedModel): string {
  return `${name}: ${alphaMs} + ${betaMs}·b ms, S = ${sloMs} ms`;
}

/** Rows a ms that it runs in the largest batches of which two fit into its time, as a request that just misses one needs. */
export function capacityPerMs({ alphaMs, betaMs, sloMs }: SimulatedModel): number {
  const fitting = Math.floor((sloMs / 2 - alphaMs) / betaMs);
  const rows = Math.min(MAX_ROWS, Math.max(1, fitting));
  return rows / (alphaMs + betaMs * rows);
}

/** How many times as many arrivals it takes to see it for as long as a lane takes to know its rate of arrivals. */
export function scaleOf(model: SimulatedModel): number {
  return capacityPerMs(model) > 100 ? 5 : 1;
}
