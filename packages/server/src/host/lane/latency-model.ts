import type { LatencyModel, Work } from '@jitney/core';

/** Weight of the past at each run: the last 50 or so count. */
const FORGETTING = 0.98;
/** Runs that teach nothing, since the first ones allocate what the later ones reuse. */
const WARM_UP_RUNS = 1;
/** How little is known at the start, against the noise of a run. */
const FIRST_UNCERTAINTY = 1e6;

/**
 * Learns `ms = fixed + perUnit · units` from the runs, by recursive least squares with directional forgetting: what the
 * runs of late say nothing about (the slope, while all have one size) is kept, where plain forgetting would lose it.
 *
 * Source: R. Kulhavý, "Restricted exponential forgetting in real-time identification", Automatica 23 (1987).
 */
export class LinearLatencyModel implements LatencyModel {
  #runs = 0;
  /** Units of the first run, so that both features are about 1. */
  #scale = 1;
  #fixedMs = 0;
  #slopeMs = 0;
  /** The covariance matrix [[fixed, cross], [cross, slope]]. */
  #fixedVariance = FIRST_UNCERTAINTY;
  #crossVariance = 0;
  #slopeVariance = FIRST_UNCERTAINTY;

  predict({ units }: Work): number {
    return this.#fixedMs + this.#slopeMs * (units / this.#scale);
  }

  observe({ units }: Work, tookMs: number): void {
    this.#runs += 1;
    if (this.#runs <= WARM_UP_RUNS) return;
    if (this.#runs === WARM_UP_RUNS + 1) this.#scale = Math.max(1, units);
    this.#learn(units / this.#scale, tookMs);
    this.#keepPositive(units / this.#scale);
  }

  #learn(size: number, tookMs: number): void {
    // P·x and xᵀ·P·x with x = [1, size].
    const fixed = this.#fixedVariance + this.#crossVariance * size;
    const slope = this.#crossVariance + this.#slopeVariance * size;
    const uncertainty = fixed + slope * size;
    const surprise = (tookMs - this.#fixedMs - this.#slopeMs * size) / (1 + uncertainty);
    this.#fixedMs += fixed * surprise;
    this.#slopeMs += slope * surprise;
    const gain = (FORGETTING * uncertainty - (1 - FORGETTING)) / (FORGETTING * uncertainty * (1 + uncertainty));
    this.#fixedVariance -= gain * fixed * fixed;
    this.#crossVariance -= gain * fixed * slope;
    this.#slopeVariance -= gain * slope * slope;
  }

  /** Neither part of a run takes less than no time; what the model says of the size at hand stays as it is. */
  #keepPositive(size: number): void {
    if (this.#slopeMs < 0) {
      this.#fixedMs += this.#slopeMs * size;
      this.#slopeMs = 0;
    }
    if (this.#fixedMs < 0) {
      if (size > 0) this.#slopeMs = Math.max(0, this.#slopeMs + this.#fixedMs / size);
      this.#fixedMs = 0;
    }
  }
}
