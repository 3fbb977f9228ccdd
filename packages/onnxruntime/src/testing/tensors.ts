import type { Tensor } from '@jitney/core';
import type { Value } from '../value.js';
import { isTensor } from '../value.js';

export function fp32(name: string, shape: readonly number[], ...values: readonly number[]): Tensor {
  return { name, dtype: 'FP32', shape, data: Float32Array.from(values) };
}

export function int64(name: string, shape: readonly number[], ...values: readonly (number | bigint)[]): Tensor {
  return { name, dtype: 'INT64', shape, data: BigInt64Array.from(values, BigInt) };
}

export function bool(name: string, shape: readonly number[], ...values: readonly boolean[]): Tensor {
  return { name, dtype: 'BOOL', shape, data: Uint8Array.from(values, Number) };
}

/** Strings are taken as UTF-8, bytes as they are. */
export function bytes(name: string, shape: readonly number[], ...values: readonly (string | Uint8Array)[]): Tensor {
  const data = values.map((value) => (typeof value === 'string' ? new Uint8Array(Buffer.from(value)) : value));
  return { name, dtype: 'BYTES', shape, data };
}

/** The elements of a numeric tensor as plain numbers. */
export function numbers(value: Value | undefined): number[] {
  if (value === undefined || !isTensor(value)) throw new Error('not a tensor');
  return Array.from(value.data as Float32Array, Number);
}
