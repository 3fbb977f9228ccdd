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
/** Beyond the tolerance but below this, the probe may be one that magnifies the noise of rounding. */
const CLOSE_TOLERANCE = 1e-2;
/** Numbers close to zero are compared with the output's largest: what cancelled out has few digits left. */
const SCALE_TOLERANCE = 0.1;
const MIN_COSINE = 0.9;
const MAX_LENGTH_RATIO = 1.25;

/**
 * - `agree`: within the measure; `cosine` is the least over all float outputs, 1 where there are none.
 * - `close`: floats differ by more than the tolerance, but so little that it may be noise.
 * - `differ`: anything else. `reason` is a clause that names the output.
 */
export type Agreement =
  | { readonly verdict: 'agree'; readonly cosine: number }
  | { readonly verdict: 'close' | 'differ'; readonly reason: string };

const AGREE: Agreement = { verdict: 'agree', cosine: 1 };

/** Compares two answers to the same rows, output by output: the worst of them. */
export function compareAnswers(one: readonly Tensor[], other: readonly Tensor[], measure: Measure): Agreement {
  let worst = AGREE;
  for (const [i, tensor] of one.entries()) {
    const agreement = compareTensors(tensor, other[i], measure);
    if (agreement.verdict === 'differ') return agreement;
    if (isWorse(agreement, worst)) worst = agreement;
  }
  return worst;
}

function isWorse(agreement: Agreement, than: Agreement): boolean {
  if (agreement.verdict !== 'agree') return than.verdict === 'agree';
  return than.verdict === 'agree' && agreement.cosine < than.cosine;
}

/** Whether some output differs between rows: answers that do not depend on the row prove nothing. */
export function rowsDiffer(outputs: readonly Tensor[], rows: number): boolean {
  return outputs.some((tensor) => {
    const first = sliceRows(tensor, 0, 1);
    for (let row = 1; row < rows; row++) {
      const agreement = compareTensors(first, sliceRows(tensor, row, row + 1), 'strict');
      if (agreement.verdict !== 'agree') return true;
    }
    return false;
  });
}

function compareTensors(one: Tensor, other: Tensor | undefined, measure: Measure): Agreement {
  if (other === undefined || other.dtype !== one.dtype || `${other.shape}` !== `${one.shape}`) {
    return { verdict: 'differ', reason: `output '${one.name}' has the shape [${one.shape}] or [${other?.shape}]` };
  }
  if (!isFloat(one.dtype)) return compareExactly(one, other);
  const [a, b] = [floatsOf(one), floatsOf(other)];
  const apart = nonFiniteApart(a, b);
  if (apart !== null) return { verdict: 'differ', reason: `output '${one.name}' gives ${a[apart]} or ${b[apart]}` };
  return measure === 'strict' ? compareClosely(one, a, b) : compareDirections(one, a, b);
}

function compareExactly(one: Tensor, other: Tensor): Agreement {
  for (let i = 0; i < one.data.length; i++) {
    if (isSame(one.data[i], other.data[i])) continue;
    return { verdict: 'differ', reason: `output '${one.name}' gives ${shown(one.data[i])} or ${shown(other.data[i])}` };
  }
  return AGREE;
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
  let worst = { deviation: 0, at: 0 };
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    if (x === y || !Number.isFinite(x)) continue;
    const deviation = Math.abs(x - y) / Math.max(Math.abs(x), Math.abs(y), scale);
    if (deviation > worst.deviation) worst = { deviation, at: i };
  }
  if (worst.deviation <= tolerance) return AGREE;
  const verdict = worst.deviation <= CLOSE_TOLERANCE ? 'close' : 'differ';
  return { verdict, reason: `output '${name}' gives ${a[worst.at]} or ${b[worst.at]}` };
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
  if (aa === 0 && bb === 0) return AGREE;
  const cosine = product / Math.sqrt(aa * bb);
  const ratio = Math.sqrt(Math.max(aa, bb) / Math.min(aa, bb));
  if (cosine >= MIN_COSINE && ratio <= MAX_LENGTH_RATIO) return { verdict: 'agree', cosine };
  return {
    verdict: 'differ',
    reason: `output '${name}' has a cosine of ${cosine.toFixed(3)} and ${ratio.toFixed(2)} times the length`,
  };
}
