import type { Entry, Moment, Tensor } from '@jitney/core';

/** Who may share a run: all entries. */
const ONE_KIND = 'simulated';
const NO_VALUES = new Float32Array(0);
const INPUTS = new Map<number, readonly Tensor[]>();

/** An entry whose rows hold no values: only how many there are counts. */
export function virtualEntry(
  id: number,
  { rows, arrivedAtMs, deadlineAtMs }: { rows: number; arrivedAtMs: Moment; deadlineAtMs: Moment },
): Entry {
  return {
    id,
    tensors: inputOf(rows),
    rows,
    cost: rows,
    bytes: rows,
    arrivedAtMs,
    deadlineAtMs,
    priority: 0,
    alone: false,
    outputs: null,
    compatibility: ONE_KIND,
  };
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
