import {
  createNumericArray,
  type Dimension,
  elementCount,
  isFloat,
  joinRows,
  type ModelFacts,
  type NumericDtype,
  narrowToHalves,
  type Signature,
  type Tensor,
  type TensorData,
  type TensorSpec,
} from '@jitney/core';
import { createRandom, type Random } from './random.js';

/** How the values of a probe are drawn. */
export interface Recipe {
  /** Size of every free dimension that is not the batch. */
  readonly size: number;
  /**
   * - `small`: floats in (0, 1), integers 1 to 3.
   * - `signed`: floats in (-3, 3), integers 0 and 1, numbers as texts.
   * - `wide`: floats from 0.01 to 10 000 in equal parts of each power of ten, integers 0 to 100.
   *
   * Texts are ones that the graph knows, else words.
   */
  readonly values: 'small' | 'signed' | 'wide';
  readonly seed: number;
}

/** Valid inputs for a model. The same recipe gives the same values. */
export interface Probe {
  /** All inputs, with row `index` alone in those that have a batch dimension. */
  row(index: number): Tensor[];
  /** All inputs, with rows 0 to `count` - 1. */
  rows(count: number): Tensor[];
}

/** Above this many elements a row is not made. */
const MAX_ROW_ELEMENTS = 4 * 1024 * 1024;

/**
 * Makes a probe: optional inputs are left out, shared inputs are the same in every row, masks are ones and token types
 * zeros. `null` where the rows would be too large to make.
 */
export function createProbe(signature: Signature, facts: ModelFacts, recipe: Recipe): Probe | null {
  const inputs = signature.inputs
    .filter(({ optional }) => !optional)
    .map((spec, position) => new ProbeInput(spec, facts, { ...recipe, position }));
  if (inputs.some((input) => elementCount(input.shape) > MAX_ROW_ELEMENTS)) return null;
  return {
    row: (index) => inputs.map((input) => input.row(index)),
    rows: (count) => inputs.map((input) => input.rows(count)),
  };
}

interface InputRecipe extends Recipe {
  readonly position: number;
}

/** One input of a probe. */
class ProbeInput {
  /** Of one row. */
  readonly shape: readonly number[];
  readonly #spec: TensorSpec;
  readonly #isShared: boolean;
  readonly #texts: readonly string[];
  readonly #recipe: InputRecipe;
  readonly #rows: Tensor[] = [];

  constructor(spec: TensorSpec, facts: ModelFacts, recipe: InputRecipe) {
    this.#spec = spec;
    this.#isShared = facts.sharedInputs.includes(spec.name);
    this.#texts = facts.knownTexts ?? [];
    this.#recipe = recipe;
    this.shape = (spec.shape ?? []).map((dimension, axis) =>
      axis === 0 && !this.#isShared ? 1 : dimensionSize(dimension, recipe.size),
    );
  }

  row(index: number): Tensor {
    const { name, dtype } = this.#spec;
    const place = this.#isShared ? 0 : index;
    this.#rows[place] ??= { name, dtype, shape: this.shape, data: this.#data(place) };
    return this.#rows[place];
  }

  rows(count: number): Tensor {
    if (this.#isShared) return this.row(0);
    return joinRows(Array.from({ length: count }, (_, index) => this.row(index)));
  }

  #data(index: number): TensorData {
    const { dtype } = this.#spec;
    const { seed, position } = this.#recipe;
    const length = elementCount(this.shape);
    if (isFloat(dtype)) {
      const random = createRandom(seed, position, index);
      return numericData(dtype as NumericDtype, length, () => this.#float(random));
    }
    // The same start for every row: elements go on from row to row, so that rows differ wherever they can.
    const random = createRandom(seed, position);
    if (dtype === 'BYTES') return Array.from({ length }, () => this.#text(random, index));
    return numericData(dtype, length, () => this.#integer(random, index));
  }

  #float(random: Random): number {
    switch (this.#recipe.values) {
      case 'small':
        return 0.05 + 0.9 * random();
      case 'signed':
        return 6 * random() - 3;
      case 'wide':
        return 10 ** (6 * random() - 2);
    }
  }

  #integer(random: Random, index: number): number {
    const { name, dtype } = this.#spec;
    if (/mask/i.test(name)) return 1;
    if (/token_?type|segment/i.test(name)) return 0;
    const start = Math.floor(random() * 101);
    if (dtype === 'BOOL' || this.#recipe.values === 'signed') return (start + index) % 2;
    return this.#recipe.values === 'small' ? 1 + ((start + index) % 3) : (start + 17 * index) % 101;
  }

  #text(random: Random, index: number): Uint8Array {
    if (this.#recipe.values === 'signed') return Buffer.from(`${index + 1}`);
    const start = Math.floor(random() * this.#texts.length);
    // As many words as rows, so that what depends on the longest text shows.
    return Buffer.from(this.#texts[(start + index) % this.#texts.length] ?? WORDS.slice(0, index + 1).join(' '));
  }
}

const WORDS = ['wheel', 'seat', 'driver', 'stop'];

/** Exporters write sums as symbols (`past_sequence_length + 1`); other symbols and unnamed dimensions are `size`. */
function dimensionSize(dimension: Dimension, size: number): number {
  if (typeof dimension === 'number') return dimension;
  const terms = dimension?.split('+') ?? [];
  if (terms.length < 2) return size;
  return terms.reduce((sum, term) => sum + (/^\s*\d{1,6}\s*$/.test(term) ? Number(term) : size), 0);
}

/** `length` numbers as the elements of their dtype. */
function numericData(dtype: NumericDtype, length: number, draw: () => number): TensorData {
  const numbers = new Float64Array(length);
  for (let i = 0; i < length; i++) numbers[i] = draw();
  if (dtype === 'FP16' || dtype === 'BF16') return narrowToHalves(dtype, numbers);
  const array = createNumericArray(dtype, length);
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) {
    for (let i = 0; i < length; i++) array[i] = BigInt(numbers[i] as number);
  } else array.set(numbers);
  return array;
}
