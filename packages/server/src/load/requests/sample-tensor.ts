import { elementCount, isFloat, type NumericDtype } from '@jitney/core';

/** An input with values that most models take. */
export interface SampleTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Numbers (0 and 1 for BOOL), or texts for BYTES. Halves and 64-bit integers as numbers too. */
  readonly content:
    | { readonly dtype: NumericDtype; readonly numbers: readonly number[] }
    | { readonly dtype: 'BYTES'; readonly texts: readonly string[] };
}

/** @param random Numbers in [0, 1). */
export function sampleTensor(
  name: string,
  dtype: NumericDtype | 'BYTES',
  shape: readonly number[],
  random: () => number,
): SampleTensor {
  const length = elementCount(shape);
  if (dtype === 'BYTES') {
    return { name, shape, content: { dtype, texts: Array.from({ length }, () => sampleText(random)) } };
  }
  const next = numbersFor(name, dtype, random);
  return { name, shape, content: { dtype, numbers: Array.from({ length }, next) } };
}

/**
 * Floats of four digits in [0, 1). Of integers, masks are 1 and token types 0, whole bytes take all their values, and
 * others are 1 to 9: an index into almost any table.
 */
function numbersFor(name: string, dtype: NumericDtype, random: () => number): () => number {
  if (isFloat(dtype)) return () => Math.floor(random() * 10_000) / 10_000;
  if (dtype === 'BOOL' || /mask/i.test(name)) return () => 1;
  if (/type/i.test(name)) return () => 0;
  if (dtype === 'UINT8') return () => Math.floor(random() * 256);
  return () => 1 + Math.floor(random() * 9);
}

const WORDS = ['requests', 'that', 'arrive', 'together', 'ride'];

function sampleText(random: () => number): string {
  return Array.from({ length: 8 }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ');
}
