import type { LatencyModel } from '@jitney/core';

/** Weight of what was seen before, at each new run: the model follows a change within some fifty runs. */
const FORGETTING = 0.98;
/** Uncertainty to begin with, and at most: keeps the gain finite when all runs are of one size. */
const MAX_COVARIANCE = 1e6;

/**
 * Predicts a run's time as `a + b · units`, learned run by run: recursive least squares with forgetting
 * (Haykin, Adaptive Filter Theory, ch. 9). `units` is rows where the task has no other measure.
 */
export class LinearLatencyModel implements LatencyModel {
  #a = 0;
  #b = 0;
  /** Covariance of a and b, symmetric. */
  #paa = MAX_COVARIANCE;
  #pab = 0;
  #pbb = MAX_COVARIANCE;
  #runs = 0;

  /** Milliseconds; `Infinity` before anything was seen. Never negative. */
  predict({ units }: { readonly rows: number; readonly units: number }): number {
    if (this.#runs === 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#a + this.#b * units);
  }

  observe({ units }: { readonly rows: number; readonly units: number }, tookMs: number): void {
    this.#runs += 1;
    const pa = this.#paa + this.#pab * units;
    const pb = this.#pab + this.#pbb * units;
    const denominator = FORGETTING + pa + pb * units;
    const ka = pa / denominator;
    const kb = pb / denominator;
    const residual = tookMs - (this.#a + this.#b * units);
    this.#a += ka * residual;
    this.#b += kb * residual;
    this.#paa = Math.min(MAX_COVARIANCE, (this.#paa - ka * pa) / FORGETTING);
    this.#pab = (this.#pab - ka * pb) / FORGETTING;
    this.#pbb = Math.min(MAX_COVARIANCE, (this.#pbb - kb * pb) / FORGETTING);
    if (Math.abs(this.#pab) > MAX_COVARIANCE) this.#pab = Math.sign(this.#pab) * MAX_COVARIANCE;
  }
}
