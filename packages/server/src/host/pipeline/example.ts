import type { Signature, TensorSpec } from '@jitney/core';

/** Larger inputs are no example: nobody reads 150 000 zeros. */
const MOST_ELEMENTS = 256;

/** An input that a model without code of its own takes: one row of zeros, free dimensions at 1. `null`: too large. */
export function exampleOf({ inputs }: Signature): Readonly<Record<string, unknown>> | null {
  const required = inputs.filter((spec) => !spec.optional);
  const elements = required.reduce((sum, spec) => sum + shapeOf(spec).reduce((product, size) => product * size, 1), 0);
  if (elements > MOST_ELEMENTS) return null;
  return Object.fromEntries(required.map((spec) => [spec.name, filled(shapeOf(spec), zeroOf(spec))]));
}

function shapeOf({ shape }: TensorSpec): readonly number[] {
  return shape === null ? [1] : shape.map((dimension) => (typeof dimension === 'number' ? dimension : 1));
}

function zeroOf({ dtype }: TensorSpec): unknown {
  return dtype === 'BYTES' ? '' : dtype === 'BOOL' ? false : 0;
}

function filled([size, ...inner]: readonly number[], zero: unknown): unknown {
  return size === undefined ? zero : Array.from({ length: size }, () => filled(inner, zero));
}
