/** One direction of a plot: where values lie, and which of them are written beside it. */
export interface Axis {
  readonly label: string;
  /** From 0 at the low end to 1 at the high one; what is outside lies outside. */
  place(value: number): number;
  readonly ticks: readonly number[];
}

/** Equal steps. @param ticks Ascending; the first and the last are the ends. */
export function linearAxis(label: string, ticks: readonly number[]): Axis {
  const low = ticks[0]!;
  const high = ticks.at(-1)!;
  return { label, ticks, place: (value) => (value - low) / (high - low) };
}

const MANTISSAS = [1, 2, 5];

/** Equal ratios, from tick to tick around all values, which are above 0. */
export function logAxis(label: string, values: readonly number[]): Axis {
  const low = tickBelow(Math.min(...values));
  const high = tickAbove(Math.max(...values));
  const ticks = ticksBetween(low, high);
  const span = Math.log(high / low);
  return { label, ticks, place: (value) => Math.log(value / low) / span };
}

/** 1, 2, 5, 10 …; only powers of ten where these are enough. */
function ticksBetween(low: number, high: number): number[] {
  const all = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent++) {
    for (const mantissa of MANTISSAS) all.push(Number(`${mantissa}e${exponent}`));
  }
  const within = all.filter((tick) => tick >= low && tick <= high);
  const powers = within.filter((tick) => Number.isInteger(Math.log10(tick)));
  return powers.length > 4 ? powers : within;
}

function tickBelow(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const mantissa = MANTISSAS.findLast((one) => one * power <= value) ?? 1;
  return Number((mantissa * power).toPrecision(1));
}

function tickAbove(value: number): number {
  const below = tickBelow(value);
  if (below >= value) return below;
  const power = 10 ** Math.floor(Math.log10(below));
  const next = MANTISSAS[MANTISSAS.indexOf(Math.round(below / power)) + 1] ?? 10;
  return Number((next * power).toPrecision(1));
}
