import { JitneyError, type TensorData } from '@jitney/core';

/** What a column of a tensor is told about the request it belongs to. */
export interface ColumnContext {
  /** Names the tensor in messages: `input 'x'`. */
  tensor(): string;
  /** Elements the shape announces, `null` while the shape is unknown. */
  readonly expected: number | null;
  /** Most elements the tensor may have. */
  readonly maxElements: number;
  /** The error for more elements, or fewer, than announced; `null` where they are too many to count. */
  wrongCount(found: number | null): JitneyError;
}

/** The elements of a tensor as they are read. */
export interface Column {
  readonly count: number;
  /** All elements. Called once, when no more come. */
  finish(): TensorData;
}

/**
 * Lets a column hold `count` elements, or says why not. What the shape announces is never allocated for its own sake:
 * this only ends early what could not fit.
 * @throws JitneyError the context's own for more than announced, `TOO_LARGE` for more than allowed.
 */
export function admitElements(context: ColumnContext, count: number): void {
  if (context.expected !== null && count > context.expected) throw context.wrongCount(null);
  if (count <= context.maxElements) return;
  throw new JitneyError(
    'TOO_LARGE',
    `${context.tensor()} exceeds the maximum allowed input size: it has more than ${context.maxElements} elements`,
  );
}
