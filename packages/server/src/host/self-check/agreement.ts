import { type Dtype, isFloat, sliceRows, type Tensor, widenHalves } from '@jitney/core';

/**
 * How answers are compared.
 *
 * - `strict`: floats to {@link RELATIVE_TOLERANCE}, everything else exactly.
 * - `loose`: for graphs that quantise over the whole batch: over all rows of an output, cosine at least
 *   {@link MIN_COSINE} and lengths within {@link MAX_LENGTH_RATIO}; what is not float exactly.
 */
export type Measure = 'strict' | 'loose';

/** Of the larger of two numbers; the 16-bit floats cannot hold that much. */
const RELATIVE_TOLERANCE: { readonly [D in Dtype]?: number } = { FP32: 1e-4, FP64: 1e-4, FP16: 4e-3, BF16: 3e-2 };
/** Numbers close to zero are compared with the output's largest: what cancelled out has few digits left. */
const SCALE_TOLERANCE = 0.1;
export const MIN_COSINE = 0.9;
const MAX_LENGTH_RATIO = 1.25;

export type Agreement =
  | {
      readonly agrees: true;
      /** The least over all float outputs; 1 where there are none. */
      readonly cosine: number;
    }
  | { readonly agrees: false /** Which output, and how, as a clause. */; readonly reason: string };

/** Compares two answers to the same rows, output by output. */
export function compareAnswers(one: readonly Tensor[], other: readonly Tensor[], measure: Measure): Agreement {
  let cosine = 1;
  for (const [i, tensor] of one.entries()) {
    const agreement = compareTensors(tensor, other[i], measure);
    if (!agreement.agrees) return agreement;
    cosine = Math.min(cosine, agreement.cosine);
  }
  return { agrees: true, cosine };
}

/** Whether some output differs between rows: answers that do not depend on the row prove nothing. */
export function rowsDiffer(outputs: readonly Tensor[], rows: number): boolean {
  return outputs.some((tensor) => {
    const first = sliceRows(tensor, 0, 1);
    for (let row = 1; row < rows; row++) {
      if (!compareTensors(first, sliceRows(tensor, row, row + 1), 'strict').agrees) return true;
    }
    return false;
  });
}

function compareTensors(one: Tensor, other: Tensor | undefined, measure: Measure): Agreement {
  if (other === undefined || other.dtype !== one.dtype || `${other.shape}` !== `${one.shape}`) {
    return { agrees: false, reason: `output '${one.name}' has the shape [${one.shape}] or [${other?.shape}]` };
  }
  if (!isFloat(one.dtype)) return compareExactly(one, other);
  const [a, b] = [floatsOf(one), floatsOf(other)];
  const apart = nonFiniteApart(a, b);
  if (apart !== null) return { agrees: false, reason: `output '${one.name}' gives ${a[apart]} or ${b[apart]}` };
  return measure === 'strict' ? compareClosely(one, a, b) : compareDirections(one, a, b);
}

function compareExactly(one: Tensor, other: Tensor): Agreement {
  for (let i = 0; i < one.data.length; i++) {
    if (isSame(one.data[i], other.data[i])) continue;
    return { agrees: false, reason: `output '${one.name}' gives ${shown(one.data[i])} or ${shown(other.data[i])}` };
  }
  return { agrees: true, cosine: 1 };
}

type Element = number | bigint | Uint8Array | undefined;

function isSame(a: Element, b: Element): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return a === b;
}

function shown(element: Element): string {
  return element instanceof Uint8Array ? JSON.stringify(Buffer.from(element).toString().slice(0, 40)) : `${element}`;
}

function floatsOf({ dtype, data }: Tensor): Float32Array | Float64Array {
  return dtype === 'FP16' || dtype === 'BF16'
    ? widenHalves(dtype, data as Uint16Array)
    : (data as Float32Array | Float64Array);
}

type Floats = ArrayLike<number>;

/** Where one is NaN or infinite and the other is not the same; NaN equals NaN. */
function nonFiniteApart(a: Floats, b: Floats): number | null {
  for (let i = 0; i < a.length; i++) {
    const bothFinite = Number.isFinite(a[i]) && Number.isFinite(b[i]);
    if (!bothFinite && !Object.is(a[i], b[i])) return i;
  }
  return null;
}

function compareClosely({ name, dtype }: Tensor, a: Floats, b: Floats): Agreement {
  const tolerance = RELATIVE_TOLERANCE[dtype] as number;
  const scale = SCALE_TOLERANCE * largest(a);
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    if (Math.abs(x - y) > tolerance * Math.max(Math.abs(x), Math.abs(y), scale)) {
      return { agrees: false, reason: `output '${name}' gives ${x} or ${y}` };
    }
  }
  return { agrees: true, cosine: 1 };
}

function largest(numbers: Floats): number {
  let most = 0;
  for (let i = 0; i < numbers.length; i++) {
    const absolute = Math.abs(numbers[i] as number);
    if (Number.isFinite(absolute) && absolute > most) most = absolute;
  }
  return most;
}

function compareDirections({ name }: Tensor, a: Floats, b: Floats): Agreement {
  let [product, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    if (!Number.isFinite(x)) continue;
    product += x * y;
    aa += x * x;
    bb += y * y;
  }
  if (aa === 0 && bb === 0) return { agrees: true, cosine: 1 };
  const cosine = product / Math.sqrt(aa * bb);
  const ratio = Math.sqrt(Math.max(aa, bb) / Math.min(aa, bb));
  if (cosine >= MIN_COSINE && ratio <= MAX_LENGTH_RATIO) return { agrees: true, cosine };
  return {
    agrees: false,
    reason: `output '${name}' has a cosine of ${cosine.toFixed(3)} and ${ratio.toFixed(2)} times the length`,
  };
}
