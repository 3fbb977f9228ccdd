import { JitneyError } from '@jitney/core';
import { countSends, MOST_SENDS, planSends } from '../load/arrivals.js';
import { startClosedLoop } from '../load/closed-loop.js';
import { type OpenLoadReport, startOpenLoop } from '../load/open-loop.js';
import type { ModelRequests } from '../load/requests/model-requests.js';
import { type LoadReport, Tally } from '../load/tally.js';
import { arrivalsOf, type BenchOptions, DEFAULT_CONCURRENCY } from './bench-options.js';

/** A load with a warm-up and an end. */
export interface BenchLoad {
  /** Of what is measured so far. */
  peek(): LoadReport | OpenLoadReport;
  /** Its end, by itself or by `stop`. */
  readonly done: Promise<LoadReport | OpenLoadReport>;
  stop(): void;
}

/** @throws JitneyError `INVALID_ARGUMENT` where an open loop is of more requests than can be planned. */
export function refuseTooMany({ rate, warmup, duration }: BenchOptions): void {
  if (rate === undefined) return;
  const count = countSends({ ratePerSecond: rate, durationMs: (warmup + duration) * 1_000 });
  if (count <= MOST_SENDS) return;
  throw new JitneyError(
    'INVALID_ARGUMENT',
    `--rate ${rate} for ${warmup} + ${duration} s are ${count.toLocaleString('en')} requests, and at most ${MOST_SENDS.toLocaleString('en')} can be planned: lower --rate or --duration`,
  );
}

/** Open where a rate is asked for, closed where not. */
export function startBenchLoad(made: ModelRequests, options: BenchOptions): BenchLoad {
  return options.rate === undefined ? startClosed(made, options) : startOpen(made, options, options.rate);
}

function startOpen({ target, requests }: ModelRequests, options: BenchOptions, ratePerSecond: number): BenchLoad {
  const { warmup, duration, seed, slo = null, maxConnections } = options;
  const durationMs = (warmup + duration) * 1_000;
  return startOpenLoop({
    ...target.address,
    requests,
    sendsMs: planSends({ arrivals: arrivalsOf(options), ratePerSecond, durationMs, seed }),
    warmUpMs: warmup * 1_000,
    durationMs,
    sloMs: slo,
    maxConnections,
  });
}

function startClosed({ target, requests }: ModelRequests, options: BenchOptions): BenchLoad {
  const { warmup, duration, slo = null, concurrency = DEFAULT_CONCURRENCY } = options;
  const load = startClosedLoop({ ...target.address, connections: concurrency, requests, sloMs: slo });
  let isWarm = warmup === 0;
  let final: LoadReport | null = null;
  let resolve: (report: LoadReport) => void;
  const done = new Promise<LoadReport>((onDone) => {
    resolve = onDone;
  });
  const peek = () => final ?? (isWarm ? load.peek() : nothingYet());
  const stop = () => {
    if (final !== null) return;
    for (const timer of timers) clearTimeout(timer);
    final = peek();
    void load.stop();
    resolve(final);
  };
  const timers = [
    setTimeout(() => {
      if (!isWarm) load.take();
      isWarm = true;
    }, warmup * 1_000),
    setTimeout(stop, (warmup + duration) * 1_000),
  ];
  return { peek, done, stop };
}

/** Of a warm-up. */
const nothingYet = () => new Tally(null).report(0);
