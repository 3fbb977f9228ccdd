/** How far an estimate moves at an observation; a tenth follows within some twenty. */
const STEP = 0.1;
/** Runs in a row on one side of it that say that everything has changed, and how far from it they must be. */
const CHANGED_AFTER = 3;
const CHANGED_BY = 1.5;
/** A 95th percentile of more than so many times the median says that runs cannot be predicted. */
const UNSTEADY_FROM = 1.5;
const LARGEST_MARGIN = 8;
/** Until something is known. */
const FIRST_MARGIN = 1.2;

/**
 * What runs took over what was predicted of them: the median and the 95th percentile, each as one number that rises and
 * falls so that the right share of runs is above it.
 *
 * Source: H. Robbins, S. Monro, "A stochastic approximation method" (1951), on a logarithmic scale.
 */
export class Residuals {
  #count = 0;
  #median = 1;
  #high = FIRST_MARGIN;
  /** Of the runs in a row that were too long (above 0) or too short (below). */
  #astray = 0;
  /** Product of their ratios. */
  #product = 1;

  /** Since the last change. */
  get count(): number {
    return this.#count;
  }

  /** 95 of 100 runs take at most so many times what is predicted; at least 1. */
  get margin(): number {
    return Math.max(1, this.#high);
  }

  get isSteady(): boolean {
    return this.#high <= UNSTEADY_FROM * this.#median;
  }

  /** @returns how many times as long all runs take from now on, where this one is the last that it takes to say so. */
  add(ratio: number): number | null {
    this.#count += 1;
    this.#median = moved(this.#median, ratio, 0.5);
    this.#high = Math.min(LARGEST_MARGIN, moved(this.#high, ratio, 0.95));
    return this.#changeBy(ratio);
  }

  #changeBy(ratio: number): number | null {
    const side = ratio > CHANGED_BY ? 1 : ratio < 1 / CHANGED_BY ? -1 : 0;
    const goesOn = side !== 0 && Math.sign(this.#astray) === side;
    this.#product = goesOn ? this.#product * ratio : ratio;
    this.#astray = goesOn ? this.#astray + side : side;
    if (Math.abs(this.#astray) < CHANGED_AFTER) return null;
    const change = this.#product ** (1 / CHANGED_AFTER);
    this.#count = 0;
    this.#median = 1;
    this.#high = FIRST_MARGIN;
    this.#astray = 0;
    return change;
  }
}

function moved(estimate: number, ratio: number, share: number): number {
  return ratio > estimate ? estimate * (1 + STEP * share) : estimate * (1 - STEP * (1 - share));
}
