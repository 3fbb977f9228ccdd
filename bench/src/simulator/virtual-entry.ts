import type { Entry, Tensor } from '@jitney/core';

const NO_VALUES = new Float32Array(0);
const INPUTS = new Map<number, readonly Tensor[]>();

/** An entry whose rows hold no values: only how many there are counts. */
export function virtualEntry(entry: Omit<Entry, 'tensors' | 'outputs'>): Entry {
  return { ...entry, tensors: inputOf(entry.rows), outputs: null };
}

/** `x`, shape [rows, 0]; entries of equally many rows share it, since nobody writes to it. */
function inputOf(rows: number): readonly Tensor[] {
  let input = INPUTS.get(rows);
  if (input === undefined) {
    input = [{ name: 'x', dtype: 'FP32', shape: [rows, 0], data: NO_VALUES }];
    INPUTS.set(rows, input);
  }
  return input;
}
