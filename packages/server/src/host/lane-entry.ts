import { type Batching, type Entry, type Moment, type Tensor, tensorBytes } from '@jitney/core';
import type { RequestFrame } from '../wire/frames.js';
import { compatibilityOf } from './lane/compatibility.js';

/** What a request gives the lane to run. */
export interface EntryRows {
  /** Unique within the host. */
  readonly id: number;
  readonly tensors: readonly Tensor[];
  /** In the task's unit. Default: the number of rows. */
  readonly cost?: number | undefined;
  readonly arrivedAtMs: Moment;
}

/** The lane's entry for rows of a request. */
export function laneEntry(
  { id, tensors, cost, arrivedAtMs }: EntryRows,
  frame: RequestFrame,
  batching: Batching,
): Entry {
  const rows = rowCount(tensors, batching);
  let bytes = 0;
  for (const tensor of tensors) bytes += tensorBytes(tensor);
  return {
    id,
    tensors,
    rows,
    cost: cost ?? rows,
    bytes,
    arrivedAtMs,
    deadlineAtMs: frame.deadlineAtMs,
    priority: frame.priority,
    alone: frame.alone,
    outputs: frame.outputs,
    compatibility: compatibilityOf(tensors, batching),
  };
}

/** Rows a request brings: the first dimension of its batched tensors; 1 where the model knows no rows. */
function rowCount(tensors: readonly Tensor[], batching: Batching): number {
  if (batching.mode !== 'rows') return 1;
  for (const tensor of tensors) {
    if (!batching.shared.includes(tensor.name)) return tensor.shape[0] ?? 1;
  }
  return 1;
}
