import { type ErrorCode, JitneyError, type Moment, type Tensor } from '@jitney/core';
import { splitProblem } from './batch-tensors.js';
import type { Run } from './run.js';

/** What came of a run. */
export type RunResult =
  | { readonly state: 'done'; readonly outputs: readonly Tensor[] }
  | { readonly state: 'failed'; readonly error: JitneyError }
  /** Each of its seats is run again by itself, so that who is to blame fails alone. */
  | { readonly state: 'again' };

/** A run that has ended. */
export interface EndedRun {
  readonly run: Run;
  readonly result: RunResult;
  readonly atMs: Moment;
}

/** Of outputs that were given. */
export function resultOf(run: Run, outputs: readonly Tensor[]): RunResult {
  try {
    const problem = splitProblem(outputs, run.seats, run.rows);
    return problem === null ? { state: 'done', outputs } : failureOf(run, problem);
  } catch (thrown) {
    // What is no list of tensors is a defect of the backend, which must not end the process.
    return failureOf(run, thrown);
  }
}

/** Of whatever was thrown. A run of one seat is never repeated, so nothing runs more than twice. */
export function failureOf(run: Run, thrown: unknown): RunResult {
  const error = JitneyError.from(thrown);
  return run.seats.length > 1 && BLAMES_ROWS.has(error.code) ? { state: 'again' } : { state: 'failed', error };
}

/** Errors that one entry may have brought upon the others of its run. */
const BLAMES_ROWS: ReadonlySet<ErrorCode> = new Set(['INVALID_ARGUMENT', 'MODEL_ERROR']);
