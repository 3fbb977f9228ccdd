import type { Moment, Work } from '@jitney/core';
import { seededRandom } from '../load/index.js';
import { median } from '../results/statistics.js';

/** How long a run of this work takes that begins at this moment, in ms. */
export type RunTimes = (work: Work, atMs: Moment) => number;

/** A run of b rows takes alpha + beta · b. */
export interface LinearTime {
  readonly alphaMs: number;
  readonly betaMs: number;
}

export function linear({ alphaMs, betaMs }: LinearTime): RunTimes {
  return ({ units }) => alphaMs + betaMs * units;
}

/** A run that was measured. */
export interface MeasuredRun {
  readonly rows: number;
  readonly ms: number;
}

/**
 * As measured: the median of runs of that size, between sizes on the line between their medians, beyond the largest by
 * its time a row; times what one run of the nearest measured size, drawn at random, took over its median.
 * @throws RangeError when there is no run.
 */
export function measured(runs: readonly MeasuredRun[], seed: number): RunTimes {
  const sizes = sizesOf(runs);
  const random = seededRandom(seed);
  return ({ rows }) => {
    const nearest = sizes.reduce((a, b) => (Math.abs(b.rows - rows) < Math.abs(a.rows - rows) ? b : a));
    const ratio = nearest.sorted[Math.floor(random() * nearest.sorted.length)]! / nearest.medianMs;
    return medianAt(sizes, rows) * ratio;
  };
}

interface MeasuredSize {
  readonly rows: number;
  readonly medianMs: number;
  readonly sorted: readonly number[];
}

function sizesOf(runs: readonly MeasuredRun[]): MeasuredSize[] {
  if (runs.length === 0) throw new RangeError('run times need at least one measured run');
  const bySize = new Map<number, number[]>();
  for (const { rows, ms } of runs) {
    const times = bySize.get(rows);
    if (times === undefined) bySize.set(rows, [ms]);
    else times.push(ms);
  }
  return [...bySize]
    .map(([rows, times]) => ({ rows, medianMs: median(times), sorted: times.sort((a, b) => a - b) }))
    .sort((a, b) => a.rows - b.rows);
}

function medianAt(sizes: readonly MeasuredSize[], rows: number): number {
  const above = sizes.findIndex((size) => size.rows >= rows);
  const largest = sizes.at(-1)!;
  if (above < 0) return (largest.medianMs * rows) / largest.rows;
  const upper = sizes[above]!;
  const lower = sizes[above - 1];
  if (lower === undefined || upper.rows === rows) return upper.medianMs;
  const share = (rows - lower.rows) / (upper.rows - lower.rows);
  return lower.medianMs + share * (upper.medianMs - lower.medianMs);
}
