import type { Dtype } from './dtype.js';

/**
 * One dimension as a model declares it: a number ≥ 0 is fixed, a string is a symbol (equal symbols are equal sizes
 * within one request), `null` is free and unnamed. Protocols show symbols and `null` as -1.
 */
export type Dimension = number | string | null;

/** A named input or output of a model. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: Dtype;
  /** `null`: the model does not say, any shape is accepted. */
  readonly shape: readonly Dimension[] | null;
  /** An input that may be left out, since the model holds a default for it. Always false for outputs. */
  readonly optional: boolean;
}

/** What goes into a model and what comes out. Shapes are the model's own, the batch dimension included. */
export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/**
 * May rows of different requests share a run?
 *
 * - `rows`: yes, along the first dimension of every tensor that is not listed in `shared`.
 * - `whole`: no; a request is run as it came.
 */
export type Batching =
  | {
      readonly mode: 'rows';
      /** Most rows a run may hold. */
      readonly maxRows: number;
      /** Inputs without a batch dimension: requests ride together only when these are equal bit for bit. */
      readonly shared: readonly string[];
      /** True where values differ slightly between alone and together by nature (dynamic quantisation over the batch). */
      readonly sensitive: boolean;
      /** How it was found, for `check`, the log and the page. */
      readonly reason: string;
    }
  | {
      readonly mode: 'whole';
      /** 1 where the model's first dimension is fixed at 1 (one row a run), else `null` (no notion of rows). */
      readonly maxRows: 1 | null;
      readonly reason: string;
    };

/** The shape as protocols print it: every free dimension is -1. */
export function protocolShape(spec: TensorSpec): number[] {
  return spec.shape === null ? [-1] : spec.shape.map((dimension) => (typeof dimension === 'number' ? dimension : -1));
}
