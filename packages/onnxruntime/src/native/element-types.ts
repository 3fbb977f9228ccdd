import type { Dtype } from '@jitney/core';

/** `ONNXTensorElementDataType` of each dtype. */
export const ELEMENT_TYPES: { readonly [D in Dtype]: number } = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
  BF16: 16,
};

const DTYPES_BY_ELEMENT_TYPE = new Map(Object.entries(ELEMENT_TYPES).map(([dtype, type]) => [type, dtype as Dtype]));

/** Element types that the Open Inference Protocol has no name for, as ONNX writes them. */
const OTHER_ELEMENT_TYPES: Readonly<Record<number, string>> = {
  14: 'complex64',
  15: 'complex128',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
  24: 'uint2',
  25: 'int2',
};

export function dtypeOf(elementType: number): Dtype | null {
  return DTYPES_BY_ELEMENT_TYPE.get(elementType) ?? null;
}

export function elementTypeName(elementType: number): string {
  return OTHER_ELEMENT_TYPES[elementType] ?? `element type ${elementType}`;
}

/** `ONNXType`: what kind of value it is. */
export const VALUE_KINDS = { tensor: 1, sequence: 2, map: 3, opaque: 4, sparseTensor: 5, optional: 6 } as const;
