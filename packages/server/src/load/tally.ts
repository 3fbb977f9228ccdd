import { Histogram } from './histogram.js';

/** What a load saw over a stretch of time. */
export interface LoadReport {
  readonly seconds: number;
  /** Answers with status 200. */
  readonly answered: number;
  /** Of these, in time: the goodput. All of them where no time was asked for. */
  readonly inTime: number;
  /** Answers with status 429 or 503: the server says that it cannot now. */
  readonly refused: number;
  /** All that was not answered with 200, by its reason: `503`, `ECONNRESET` … with how often. */
  readonly failures: Readonly<Record<string, number>>;
  /** Of the answers with status 200. */
  readonly latencyUs: Histogram;
  /** How long a refusal took to come. */
  readonly refusalUs: Histogram;
}

/** Counts answers as they come. */
export class Tally {
  readonly #sloUs: number;
  #answered = 0;
  #inTime = 0;
  #refused = 0;
  readonly #failures: Record<string, number> = {};
  readonly #latencyUs = new Histogram();
  readonly #refusalUs = new Histogram();

  /** @param sloMs An answer that takes longer is too late; `null`: none is. */
  constructor(sloMs: number | null) {
    this.#sloUs = sloMs === null ? Number.POSITIVE_INFINITY : sloMs * 1_000;
  }

  get answered(): number {
    return this.#answered;
  }

  answer(status: number, tookUs: number): void {
    if (status === 200) {
      this.#answered += 1;
      if (tookUs <= this.#sloUs) this.#inTime += 1;
      this.#latencyUs.record(tookUs);
      return;
    }
    this.fail(String(status));
    if (status !== 503 && status !== 429) return;
    this.#refused += 1;
    this.#refusalUs.record(tookUs);
  }

  /** A request that got no answer. */
  fail(reason: string, count = 1): void {
    this.#failures[reason] = (this.#failures[reason] ?? 0) + count;
  }

  /** As it stands; the histograms are the tally's own and go on. */
  report(seconds: number): LoadReport {
    return {
      seconds,
      answered: this.#answered,
      inTime: this.#inTime,
      refused: this.#refused,
      failures: { ...this.#failures },
      latencyUs: this.#latencyUs,
      refusalUs: this.#refusalUs,
    };
  }
}

/** What failed and was no refusal. */
export function errorsOf({ failures, refused }: Pick<LoadReport, 'failures' | 'refused'>): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0) - refused;
}
