import { JitneyError } from '@jitney/core';

/**
 * How far a model file came.
 *
 * - `read`: what kind of file it is, and whether it can be read to its end.
 * - `validate`: whether what it declares can be loaded here.
 * - `session`: the runtime builds it.
 * - `signature`: whether its inputs and outputs can be served.
 */
export type ModelStage = 'read' | 'validate' | 'session' | 'signature';

export interface ModelProblem {
  /** Path as it was given. */
  readonly file: string;
  readonly stage: ModelStage;
  /** What is wrong, as a clause without a full stop: `it is empty (0 bytes)`. */
  readonly problem: string;
  /** What to do about it, as an imperative clause: `copy or download it again`. */
  readonly fix: string;
  readonly cause?: unknown;
}

/** The one error of a model file that cannot be served: file, stage, cause and fix in one line. */
export function invalidModel({ file, stage, problem, fix, cause }: ModelProblem): JitneyError {
  const message = `file ${file}, stage ${stage}: ${problem}. Fix: ${fix}.`;
  return new JitneyError('INVALID_MODEL', message, cause === undefined ? {} : { cause });
}

/** Throws the one error for the file at hand, with the problem and the fix as clauses. */
export type Refuse = (problem: string, fix: string, cause?: unknown) => never;

/** A text of the file as it may stand in a message: quoted, control characters escaped, cut at 80 characters. */
export function quoteText(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  return JSON.stringify(cut);
}
