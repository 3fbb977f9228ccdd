/** Weight of the past at each observation: the last 50 or so count. */
const FORGETTING = 0.98;
/** How little is known at the start, against the noise of an observation. */
const FIRST_UNCERTAINTY = 1e6;

/**
 * Learns `y = c · x` by recursive least squares with directional forgetting: what the observations of late say nothing
 * about (a slope, while all have one size) is kept, where plain forgetting would lose it. Coefficients stay at 0 or
 * above; the first belongs to a feature that is always 1.
 *
 * Source: R. Kulhavý, "Restricted exponential forgetting in real-time identification", Automatica 23 (1987).
 */
export class LeastSquares {
  readonly #size: number;
  readonly #coefficients: Float64Array;
  /** The covariance matrix, row by row. */
  readonly #variance: Float64Array;
  /** Covariance times features; kept, so that learning allocates nothing. */
  readonly #gain: Float64Array;

  constructor(features: number) {
    this.#size = features;
    this.#coefficients = new Float64Array(features);
    this.#gain = new Float64Array(features);
    this.#variance = new Float64Array(features * features);
    for (let i = 0; i < features; i++) this.#variance[i * features + i] = FIRST_UNCERTAINTY;
  }

  predict(x: Float64Array): number {
    let y = 0;
    for (let i = 0; i < this.#size; i++) y += this.#coefficients[i]! * x[i]!;
    return y;
  }

  observe(x: Float64Array, y: number): void {
    this.#learn(x, y);
    this.#keepPositive(x);
  }

  /** All of it became so many times as large. */
  scale(factor: number): void {
    for (let i = 0; i < this.#size; i++) {
      this.#coefficients[i]! *= factor;
      // Sure of the shape and not of the size: the next few observations count more than those before.
      this.#variance[i * this.#size + i]! += 1;
    }
  }

  #learn(x: Float64Array, y: number): void {
    const size = this.#size;
    const gain = this.#gain;
    let uncertainty = 0;
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let j = 0; j < size; j++) sum += this.#variance[i * size + j]! * x[j]!;
      gain[i] = sum;
      uncertainty += sum * x[i]!;
    }
    const surprise = (y - this.predict(x)) / (1 + uncertainty);
    const forgotten = (FORGETTING * uncertainty - (1 - FORGETTING)) / (FORGETTING * uncertainty * (1 + uncertainty));
    for (let i = 0; i < size; i++) {
      this.#coefficients[i]! += gain[i]! * surprise;
      for (let j = 0; j < size; j++) this.#variance[i * size + j]! -= forgotten * gain[i]! * gain[j]!;
    }
  }

  /** No part of a run takes less than no time; what is said of the work at hand stays as it is. */
  #keepPositive(x: Float64Array): void {
    const coefficients = this.#coefficients;
    for (let i = 1; i < this.#size; i++) {
      if (coefficients[i]! >= 0) continue;
      coefficients[0]! += coefficients[i]! * x[i]!;
      coefficients[i] = 0;
    }
    if (coefficients[0]! >= 0) return;
    const owed = coefficients[0]!;
    coefficients[0] = 0;
    const y = this.predict(x);
    const kept = y > 0 ? Math.max(0, (y + owed) / y) : 0;
    for (let i = 1; i < this.#size; i++) coefficients[i]! *= kept;
  }
}
