/** Labels of one series. Values are printed as they are; the printer escapes them. */
export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** A histogram's series: how many values fell into each bucket, not counting those of the buckets below. */
export interface BucketCounts {
  readonly labels: Labels;
  /** One more than there are bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** A metric with all its series, as plain data that travels between processes. */
export type Family =
  | {
      readonly name: string;
      readonly help: string;
      readonly type: 'counter' | 'gauge';
      /** How the same series of several processes become one. */
      readonly aggregator: 'sum' | 'max';
      readonly values: readonly Sample[];
    }
  | {
      readonly name: string;
      readonly help: string;
      readonly type: 'histogram';
      readonly aggregator: 'sum';
      /** Upper ends of the buckets, inclusive and ascending. */
      readonly bounds: readonly number[];
      readonly series: readonly BucketCounts[];
    };

export function counter(name: string, help: string, values: readonly Sample[]): Family {
  return { name, help, type: 'counter', aggregator: 'sum', values };
}

export function gauge(
  name: string,
  help: string,
  values: readonly Sample[],
  aggregator: Family['aggregator'] = 'sum',
): Family {
  return { name, help, type: 'gauge', aggregator, values };
}

/** All distributions must have the same bounds. */
export function histogram(
  name: string,
  help: string,
  all: readonly { readonly labels: Labels; readonly distribution: Distribution }[],
): Family {
  const series = all.map(({ labels, distribution }) => ({ labels, ...distribution.read() }));
  return { name, help, type: 'histogram', aggregator: 'sum', bounds: all[0]?.distribution.bounds ?? [], series };
}

/**
 * How often values fell into which bucket. Recording one takes some 10 ns: prom-client's bound children take 200 to 400,
 * which over the ten values of a request was 4 µs.
 */
export class Distribution {
  readonly bounds: readonly number[];
  /** One more than there are bounds: the last counts what is above all of them. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds Upper ends of the buckets, inclusive and ascending. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  record(value: number): void {
    const bounds = this.bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.#counts[bucket]! += 1;
    this.#sum += value;
  }

  read(): Pick<BucketCounts, 'counts' | 'sum'> {
    return { counts: [...this.#counts], sum: this.#sum };
  }
}
