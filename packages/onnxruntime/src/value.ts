import type { Dimension, Dtype, Tensor } from '@jitney/core';

/** A list of values, in order. The items have empty names. */
export interface SequenceValue {
  readonly name: string;
  readonly kind: 'sequence';
  readonly items: readonly Value[];
}

/**
 * Keys and their values, as two tensors of one dimension and equal length. Keys are INT64 or BYTES.
 * scikit-learn's ZipMap makes a sequence of these: one a row, from label to probability.
 */
export interface MapValue {
  readonly name: string;
  readonly kind: 'map';
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** An optional that holds nothing. One that holds something is given as what it holds. */
export interface EmptyValue {
  readonly name: string;
  readonly kind: 'none';
}

/** What goes into a run and what comes out. A tensor is the one without `kind`. */
export type Value = Tensor | SequenceValue | MapValue | EmptyValue;

export function isTensor(value: Value): value is Tensor {
  return !('kind' in value);
}

/** A type of the ONNX type system. */
export type ValueType =
  | {
      readonly kind: 'tensor';
      readonly dtype: Dtype;
      /** `null`: the rank is not known. */
      readonly shape: readonly Dimension[] | null;
    }
  | { readonly kind: 'sequence'; readonly element: ValueType }
  | { readonly kind: 'map'; readonly key: Dtype; readonly value: Dtype }
  | { readonly kind: 'optional'; readonly element: ValueType }
  /** Known to ONNX, not to this package: float8, int4, complex, sparse tensors. `typeName` as ONNX writes it. */
  | { readonly kind: 'unsupported'; readonly typeName: string };

/** A named input or output of a session. */
export type ValueSpec = ValueType & {
  readonly name: string;
  /** An input that may be left out, since the model holds a default for it. Always false for outputs. */
  readonly optional: boolean;
};

/** `tensor(FP32)[batch,3]`, for messages. */
export function describeType(type: ValueType): string {
  switch (type.kind) {
    case 'tensor':
      return `tensor(${type.dtype})${type.shape === null ? '' : describeShape(type.shape)}`;
    case 'sequence':
      return `sequence(${describeType(type.element)})`;
    case 'map':
      return `map(${type.key}, ${type.value})`;
    case 'optional':
      return `optional(${describeType(type.element)})`;
    case 'unsupported':
      return type.typeName;
  }
}

/** `[batch,3,?]`, for messages: a free dimension without a name is `?`. */
export function describeShape(shape: readonly Dimension[]): string {
  return `[${shape.map((dimension) => dimension ?? '?').join(',')}]`;
}
