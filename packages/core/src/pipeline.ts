import type { Tensor } from './tensor.js';

/** A value, or the promise of one. */
export type Awaitable<T> = T | Promise<T>;

/** What a pipeline is told about the request it works on. */
export interface RequestContext {
  readonly requestId: string;
  /** Parameters of the request, as they came. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Fires when the client left or the deadline passed. */
  readonly signal: AbortSignal;
}

/** An input turned into rows for the model. */
export interface Encoded<Carry> {
  /** 1 … n rows along the first dimension. */
  readonly tensors: readonly Tensor[];
  /** Work the rows stand for, in the task's own unit (padded tokens for text). Default: as many as there are rows. */
  readonly cost?: number;
  /** Whatever decoding needs of the input. */
  readonly carry: Carry;
}

/**
 * What a model does for a caller: pre-processing, the model's rows, post-processing. A task or a user's `model.ts`.
 * Both ends are pure: they see one request, never the batch it rides in.
 */
export interface Pipeline<Input = unknown, Output = unknown, Carry = unknown> {
  encode(input: Input, context: RequestContext): Awaitable<Encoded<Carry>>;
  /** `outputs` holds the rows of this request only, in the order they were encoded. */
  decode(outputs: readonly Tensor[], carry: Carry, context: RequestContext): Awaitable<Output>;
}
