import type { Batching, Entry, Outcome, Tensor } from '@jitney/core';
import { compatibilityOf } from '../compatibility.js';

export const ROWS: Batching = { mode: 'rows', maxRows: 8, shared: [], sensitive: false, reason: 'a test says so' };
export const WHOLE: Batching = { mode: 'whole', maxRows: null, reason: 'a test says so' };

let lastId = 0;

/** An entry whose rows hold one value each. */
export function entryOf(values: readonly number[], given: Partial<Entry> = {}): Entry {
  return entryWith([tensorOf(values)], values.length, given);
}

/** An entry of these tensors. */
export function entryWith(tensors: readonly Tensor[], rows: number, given: Partial<Entry> = {}): Entry {
  lastId += 1;
  return {
    id: lastId,
    tensors,
    rows,
    cost: rows,
    bytes: 4 * rows,
    arrivedAtMs: 0,
    deadlineAtMs: Number.POSITIVE_INFINITY,
    priority: 0,
    alone: false,
    outputs: null,
    compatibility: compatibilityOf(tensors, ROWS),
    ...given,
  };
}

/** `x`, shape [values, 1], or with `width` columns [values / width, width]. */
export function tensorOf(values: readonly number[], { name = 'x', width = 1 } = {}): Tensor {
  return { name, dtype: 'FP32', shape: [values.length / width, width], data: Float32Array.from(values) };
}

/** The values of an output of an outcome, or the code of its error. */
export function answerOf(outcome: Outcome | undefined, output = 0): readonly number[] | string {
  if (outcome === undefined) return 'nothing yet';
  if (outcome.state === 'failed') return outcome.error.code;
  return Array.from((outcome.outputs[output] as Tensor).data as ArrayLike<number>);
}
