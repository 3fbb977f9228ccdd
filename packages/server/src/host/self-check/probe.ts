import {
  createNumericArray,
  type Dimension,
  elementCount,
  joinRows,
  type NumericDtype,
  narrowToHalves,
  type Signature,
  type Tensor,
  type TensorData,
  type TensorSpec,
} from '@jitney/core';

/** How the values of a probe are drawn. */
export interface Recipe {
  /** Size of every free dimension that is not the batch. */
  readonly size: number;
  /**
   * - `small`: floats in (0, 1), integers 1 to 3, words.
   * - `signed`: floats in (-3, 3), integers 0 and 1, numbers as strings.
   * - `wide`: floats in (0, 1000), integers 0 to 100, words.
   */
  readonly values: 'small' | 'signed' | 'wide';
}

/** Rows of valid inputs for a model, the same in each process. */
export interface Probe {
  /** All inputs, with row `index` alone in those that have a batch dimension. */
  row(index: number): Tensor[];
  /** All inputs, with rows 0 to `count` - 1. */
  rows(count: number): Tensor[];
}

/** Above this many elements a row is not made. */
const MAX_ROW_ELEMENTS = 16 * 1024 * 1024;

/**
 * Makes a probe: optional inputs are left out, inputs in `shared` are the same in every run, masks are ones and token
 * types zeros. `null` where the rows would be too large to make.
 */
export function createProbe(signature: Signature, shared: readonly string[], recipe: Recipe): Probe | null {
  const specs = signature.inputs.filter(({ optional }) => !optional);
  const elements = specs.map((spec) => elementCount(rowShape(spec, recipe.size, shared.includes(spec.name))));
  if (elements.some((count) => count > MAX_ROW_ELEMENTS)) return null;
  const row = (index: number) =>
    specs.map((spec, input) => probeTensor(spec, shared.includes(spec.name), { recipe, index, input }));
  return {
    row,
    rows(count) {
      const alone = Array.from({ length: count }, (_, index) => row(index));
      return specs.map((spec, input) => {
        const parts = alone.map((tensors) => tensors[input] as Tensor);
        return shared.includes(spec.name) ? (parts[0] as Tensor) : joinRows(parts);
      });
    },
  };
}

/** Where in the probe a tensor stands: values depend on nothing else. */
interface Place {
  readonly recipe: Recipe;
  readonly index: number;
  readonly input: number;
}

function probeTensor(spec: TensorSpec, isShared: boolean, place: Place): Tensor {
  const shape = rowShape(spec, place.recipe.size, isShared);
  const index = isShared ? 0 : place.index;
  return { name: spec.name, dtype: spec.dtype, shape, data: probeData(spec, elementCount(shape), { ...place, index }) };
}

function rowShape({ shape }: TensorSpec, size: number, isShared: boolean): number[] {
  return (shape ?? []).map((dimension, axis) => (axis === 0 && !isShared ? 1 : dimensionSize(dimension, size)));
}

/** Exporters write sums as symbols (`past_sequence_length + 1`); other symbols and unnamed dimensions are `size`. */
function dimensionSize(dimension: Dimension, size: number): number {
  if (typeof dimension === 'number') return dimension;
  const terms = dimension?.split('+') ?? [];
  if (terms.length < 2) return size;
  return terms.reduce((sum, term) => sum + (/^\s*\d+\s*$/.test(term) ? Number(term) : size), 0);
}

function probeData(spec: TensorSpec, count: number, place: Place): TensorData {
  const { dtype } = spec;
  const random = seededRandom(place.input);
  if (dtype === 'BYTES') return Array.from({ length: count }, () => probeText(place));
  if (dtype === 'FP32' || dtype === 'FP64' || dtype === 'FP16' || dtype === 'BF16') {
    const numbers = Float64Array.from({ length: count }, floatSource(place));
    return dtype === 'FP16' || dtype === 'BF16' ? narrowToHalves(dtype, numbers) : fill(dtype, numbers);
  }
  return fill(
    dtype,
    Float64Array.from({ length: count }, () => probeInteger(spec, random, place)),
  );
}

/** Whole numbers and floats into the array of their dtype. */
function fill(dtype: NumericDtype, numbers: Float64Array): TensorData {
  const array = createNumericArray(dtype, numbers.length);
  const isWide = dtype === 'INT64' || dtype === 'UINT64';
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as number;
    array[i] = isWide ? BigInt(number) : number;
  }
  return array;
}

function floatSource({ recipe, index, input }: Place): () => number {
  const random = seededRandom(1000 * (index + 1) + input);
  switch (recipe.values) {
    case 'small':
      return () => 0.05 + 0.9 * random();
    case 'signed':
      return () => 6 * random() - 3;
    case 'wide':
      return () => 1000 * random();
  }
}

/** Each element starts anywhere and goes on by one from row to row, so that rows differ wherever they can. */
function probeInteger({ name, dtype }: TensorSpec, random: () => number, { recipe, index }: Place): number {
  if (/mask/i.test(name)) return 1;
  if (/token_?type|segment/i.test(name)) return 0;
  const start = Math.floor(random() * 101);
  if (dtype === 'BOOL' || recipe.values === 'signed') return (start + index) % 2;
  return recipe.values === 'small' ? 1 + ((start + index) % 3) : (start + 17 * index) % 101;
}

/** As many words as the row's position counts, so that what depends on the longest text shows. */
function probeText({ recipe, index }: Place): Uint8Array {
  const text = recipe.values === 'signed' ? `${index + 1}` : WORDS.slice(0, index + 1).join(' ');
  return new TextEncoder().encode(text);
}

const WORDS = ['wheel', 'seat', 'driver', 'stop'];

/** Mulberry32: numbers in [0, 1), the same for the same seed. */
function seededRandom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
