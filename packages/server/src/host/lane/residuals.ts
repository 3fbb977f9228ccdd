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
  /** Whether the runs in a row of late were too long (1), too short (-1) or neither. */
  #side = 0;
  /** Their ratios. */
  #astray: number[] = [];

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
    if (side !== this.#side) this.#astray = [];
    this.#side = side;
    if (side === 0) return null;
    this.#astray.push(ratio);
    if (this.#astray.length < CHANGED_AFTER) return null;
    // The one in the middle: a single run that took a thousand times as long says nothing of the two beside it.
    const change = this.#astray.sort((a, b) => a - b)[(CHANGED_AFTER - 1) / 2] as number;
    this.#count = 0;
    this.#median = 1;
    this.#high = FIRST_MARGIN;
    this.#side = 0;
    this.#astray = [];
    return change;
  }
}

function moved(estimate: number, ratio: number, share: number): number {
  return ratio > estimate ? estimate * (1 + STEP * share) : estimate * (1 - STEP * (1 - share));
}
