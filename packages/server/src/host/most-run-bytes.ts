import { DEFAULT_POLICY } from './lane/one-shot-lane.js';

/** The inputs of a run take at most this share of what is free: the graph's own tensors are often larger. */
const RUN_SHARE = 16;
/** It is asked once, at load, and memory that is short just then must not make runs small for good. */
const LEAST_BYTES = 16 * 2 ** 20;

/** How many bytes the inputs of a model's runs may take, where so many were free as it was loaded. */
export function mostRunBytes(freeBytes: number): number {
  return Math.min(DEFAULT_POLICY.maxRunBytes, Math.max(LEAST_BYTES, Math.floor(freeBytes / RUN_SHARE)));
}
