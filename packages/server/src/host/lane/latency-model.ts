import type { LatencyModel, Work } from '@jitney/core';
import { LeastSquares } from './least-squares.js';
import { Residuals } from './residuals.js';

/** Of runs that nobody warmed up: the first allocates what the later ones reuse, and teaches nothing. */
const WARM_UP_RUNS = 1;
/** So many must have been predicted before anything is refused by the predictions. */
const PROVING_RUNS = 4;
/** A run teaches at most so many times what 95 of 100 take: one during which the process stood still says nothing of the next. */
const MOST_TAUGHT = 3;

/**
 * Learns from the runs that `ms = fixed + perRow · rows + perUnit · units`, by recursive least squares; where each row is
 * one unit, the two are one.
 *
 * Three runs in a row of which each takes more than half as long again as predicted, or less than two thirds, say that all
 * runs do from now on: throttled, or disturbed by others. Runs that are longer and shorter in turns do not; they widen the
 * margin, until the model calls itself unreliable.
 */
export class LinearLatencyModel implements LatencyModel {
  #runs = 0;
  readonly #warmUpRuns: number;
  /** Of the first run, so that all features are about 1. */
  #rowScale = 1;
  #unitScale = 1;
  #hasUnits = false;
  #squares = new LeastSquares(2);
  #residuals = new Residuals();
  /** Kept, so that predicting allocates nothing. */
  readonly #features = new Float64Array(3);

  /** @param warmUpRuns So many runs at first teach nothing. */
  constructor(warmUpRuns = WARM_UP_RUNS) {
    this.#warmUpRuns = warmUpRuns;
  }

  get margin(): number {
    return this.#residuals.margin;
  }

  get isReliable(): boolean {
    return this.#residuals.count >= PROVING_RUNS && this.#residuals.isSteady;
  }

  predict(work: Work): number {
    return this.#squares.predict(this.#featuresOf(work));
  }

  observe(work: Work, tookMs: number): void {
    this.#runs += 1;
    if (this.#runs <= this.#warmUpRuns) return;
    if (this.#runs === this.#warmUpRuns + 1) this.#scaleBy(work);
    if (!this.#hasUnits && work.units !== work.rows) this.#learnUnits(work);
    const features = this.#featuresOf(work);
    const predictedMs = this.#squares.predict(features);
    const mostMs =
      this.isReliable && predictedMs > 0 ? MOST_TAUGHT * this.margin * predictedMs : Number.POSITIVE_INFINITY;
    const change = predictedMs > 0 ? this.#residuals.add(tookMs / predictedMs) : null;
    if (change !== null) this.#squares.scale(change);
    this.#squares.observe(features, change === null ? Math.min(tookMs, mostMs) : change * predictedMs);
  }

  #featuresOf({ rows, units }: Work): Float64Array {
    const features = this.#features;
    features[0] = 1;
    features[1] = rows / this.#rowScale;
    features[2] = units / this.#unitScale;
    return features;
  }

  #scaleBy({ rows, units }: Work): void {
    this.#rowScale = Math.max(1, rows);
    this.#unitScale = Math.max(1, units);
  }

  /** Rows differ in their work: what was learned without knowing that is given up. */
  #learnUnits(work: Work): void {
    this.#hasUnits = true;
    this.#scaleBy(work);
    this.#squares = new LeastSquares(3);
    this.#residuals = new Residuals();
  }
}
