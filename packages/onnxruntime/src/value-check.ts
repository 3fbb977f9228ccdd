import { types } from 'node:util';
import { type Dimension, type Dtype, elementCount, JitneyError, type NumericDtype, type Tensor } from '@jitney/core';
import { describeShape, describeType, isTensor, type Value, type ValueSpec, type ValueType } from './value.js';

const HOLDS: { readonly [D in NumericDtype]: (data: unknown) => boolean } = {
  BOOL: types.isUint8Array,
  UINT8: types.isUint8Array,
  UINT16: types.isUint16Array,
  UINT32: types.isUint32Array,
  UINT64: types.isBigUint64Array,
  INT8: types.isInt8Array,
  INT16: types.isInt16Array,
  INT32: types.isInt32Array,
  INT64: types.isBigInt64Array,
  FP16: types.isUint16Array,
  BF16: types.isUint16Array,
  FP32: types.isFloat32Array,
  FP64: types.isFloat64Array,
};

const HOLDERS: { readonly [D in Dtype]: string } = {
  BOOL: 'Uint8Array of 0 and 1',
  UINT8: 'Uint8Array',
  UINT16: 'Uint16Array',
  UINT32: 'Uint32Array',
  UINT64: 'BigUint64Array',
  INT8: 'Int8Array',
  INT16: 'Int16Array',
  INT32: 'Int32Array',
  INT64: 'BigInt64Array',
  FP16: 'Uint16Array of raw bits',
  BF16: 'Uint16Array of raw bits',
  FP32: 'Float32Array',
  FP64: 'Float64Array',
  BYTES: 'array of Uint8Array',
};

/** @throws JitneyError `INVALID_ARGUMENT` where `value` is not what the input takes. */
export function checkValue(value: Value, spec: ValueSpec): void {
  checkType(value, spec, spec);
}

function checkType(value: Value, type: ValueType, spec: ValueSpec): void {
  switch (type.kind) {
    case 'tensor':
      if (!isTensor(value)) throw wrong(spec, type, `a ${value.kind}`);
      return checkTensor(value, type, spec, 'Input');
    case 'sequence':
      return checkSequence(value, type.element, spec);
    case 'map':
      return checkMap(value, type, spec);
    case 'optional':
      if (!isTensor(value) && value.kind === 'none') throw emptyInput(spec, 'optional');
      return checkType(value, type.element, spec);
    case 'unsupported':
      throw new JitneyError(
        'UNSUPPORTED',
        `Input "${spec.name}" is a ${type.typeName}, which cannot be given. Export the model with another type there.`,
      );
  }
}

/** Checks dtype, data, shape and count of a tensor. `what`: `Input` or `Output`, for the message. */
export function checkTensor(tensor: Tensor, type: ValueType & { kind: 'tensor' }, spec: ValueSpec, what: string): void {
  const { dtype, shape, data } = tensor;
  if (dtype !== type.dtype) throw invalid(`${what} "${spec.name}" must be ${type.dtype}, got ${dtype}.`);
  const holds = dtype === 'BYTES' ? isByteStrings(data) : HOLDS[dtype](data);
  if (!holds) throw invalid(`${what} "${spec.name}" (${dtype}) needs its data as ${HOLDERS[dtype]}.`);
  checkSizes(shape, type.shape, spec, what);
  const count = elementCount(shape);
  if (count === data.length) return;
  throw invalid(
    `${what} "${spec.name}" of shape ${describeShape(shape)} needs ${count} elements, but its data has ${data.length}.`,
  );
}

function checkSizes(
  shape: readonly number[],
  expected: readonly Dimension[] | null,
  spec: ValueSpec,
  what: string,
): void {
  if (!Array.isArray(shape)) throw invalid(`${what} "${spec.name}" has no shape; a scalar's is [].`);
  const fits = expected === null || shape.length === expected.length;
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis] as number;
    if (!Number.isSafeInteger(size) || size < 0) {
      throw invalid(
        `${what} "${spec.name}" has size ${size} at axis ${axis} of its shape; sizes are whole numbers ≥ 0.`,
      );
    }
    if (!fits || expected === null) continue;
    const wanted = expected[axis];
    if (typeof wanted === 'number' && wanted !== size) throw mismatch(shape, expected, spec, what);
  }
  if (!fits) throw mismatch(shape, expected as readonly Dimension[], spec, what);
}

function mismatch(
  shape: readonly number[],
  expected: readonly Dimension[],
  spec: ValueSpec,
  what: string,
): JitneyError {
  return invalid(
    `${what} "${spec.name}" must have shape ${describeShape(expected)} (${expected.length} dimensions), ` +
      `got ${describeShape(shape)} (${shape.length}).`,
  );
}

function checkSequence(value: Value, element: ValueType, spec: ValueSpec): void {
  if (isTensor(value) || value.kind !== 'sequence') throw wrong(spec, spec, isTensor(value) ? 'a tensor' : value.kind);
  if (value.items.length === 0) throw emptyInput(spec, 'sequence');
  for (const item of value.items) checkType(item, element, spec);
}

function checkMap(value: Value, type: ValueType & { kind: 'map' }, spec: ValueSpec): void {
  if (isTensor(value) || value.kind !== 'map') throw wrong(spec, type, isTensor(value) ? 'a tensor' : value.kind);
  const { keys, values } = value;
  checkType(keys, { kind: 'tensor', dtype: type.key, shape: [null] }, spec);
  checkType(values, { kind: 'tensor', dtype: type.value, shape: [null] }, spec);
  if (keys.shape[0] === values.shape[0]) return;
  throw invalid(`Input "${spec.name}" has ${keys.shape[0]} keys, but ${values.shape[0]} values.`);
}

function isByteStrings(data: unknown): boolean {
  if (!Array.isArray(data)) return false;
  for (let index = 0; index < data.length; index++) if (!types.isUint8Array(data[index])) return false;
  return true;
}

function emptyInput(spec: ValueSpec, kind: string): JitneyError {
  return invalid(`Input "${spec.name}" is an empty ${kind}, which ONNX Runtime does not take as an input.`);
}

function wrong(spec: ValueSpec, type: ValueType, got: string): JitneyError {
  return invalid(`Input "${spec.name}" must be a ${describeType(type)}, got ${got}.`);
}

function invalid(message: string): JitneyError {
  return new JitneyError('INVALID_ARGUMENT', message);
}
