/** An element type of ONNX: its name as ONNX Runtime writes it, and its width; `null` bits where it has none. */
export interface ElementType {
  readonly name: string;
  readonly bits: number | null;
}

const type = (name: string, bits: number | null): ElementType => ({ name, bits });

/** By the numbers of `TensorProto.DataType`. Source: onnx/onnx.proto. */
const ELEMENT_TYPES: readonly (ElementType | undefined)[] = [
  undefined,
  type('float', 32),
  type('uint8', 8),
  type('int8', 8),
  type('uint16', 16),
  type('int16', 16),
  type('int32', 32),
  type('int64', 64),
  type('string', null),
  type('bool', 8),
  type('float16', 16),
  type('double', 64),
  type('uint32', 32),
  type('uint64', 64),
  type('complex64', 64),
  type('complex128', 128),
  type('bfloat16', 16),
  type('float8e4m3fn', 8),
  type('float8e4m3fnuz', 8),
  type('float8e5m2', 8),
  type('float8e5m2fnuz', 8),
  type('uint4', 4),
  type('int4', 4),
  type('float4e2m1', 4),
  type('float8e8m0', 8),
  type('uint2', 2),
  type('int2', 2),
];

/** The element type with that number; one that is not known is named by its number. */
export function elementType(dataType: number): ElementType {
  return ELEMENT_TYPES[dataType] ?? type(`type ${dataType}`, null);
}
