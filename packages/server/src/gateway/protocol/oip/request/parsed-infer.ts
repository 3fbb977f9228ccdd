import type { Dtype, TensorData } from '@jitney/core';
import type { RequestedOutput } from '../../../call.js';

/** A value of a `parameters` object. Integers that a double cannot hold are BigInts. */
export type Parameter = string | number | bigint | boolean;
export type Parameters = Readonly<Record<string, Parameter>>;

/** Where an input's elements are. */
export type InputSource =
  | { readonly kind: 'data'; readonly data: TensorData }
  /** Behind the JSON part: see {@link BinarySection}. */
  | { readonly kind: 'binary' };

/** An input whose elements lie behind the JSON part. */
export interface BinarySection {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

export interface ParsedInput {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly source: InputSource;
}

/** The JSON part of an infer request, in the request's own order. */
export interface ParsedInfer {
  readonly id: string | null;
  readonly inputs: readonly ParsedInput[];
  /** `null`: none named, so all. */
  readonly outputs: readonly RequestedOutput[] | null;
  readonly binaryOutputs: boolean;
  readonly parameters: Parameters;
}
