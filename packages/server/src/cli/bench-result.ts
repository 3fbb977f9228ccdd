import type { Histogram, HistogramRecord } from '../load/histogram.js';
import { type OpenLoadReport, voidReason } from '../load/open-loop.js';
import { errorsOf, type LoadReport } from '../load/tally.js';

/** How requests were sent. */
export type BenchPlan =
  | { readonly loop: 'closed'; readonly concurrency: number }
  | { readonly loop: 'open'; readonly ratePerSecond: number; readonly arrivals: string };

export interface BenchSubject {
  /** Where requests went. */
  readonly url: string;
  readonly model: string;
  /** What they were. */
  readonly requests: string;
  readonly bodyBytes: number;
  readonly plan: BenchPlan;
  readonly warmupSeconds: number;
  readonly sloMs: number | null;
}

/** The document of `jitney bench --json`. */
export interface BenchResult extends BenchSubject {
  /** Measured; less than was asked for where it was interrupted. */
  readonly seconds: number;
  readonly isInterrupted: boolean;
  /** Why the figures say little of the server; `null` where they are sound. */
  readonly void: string | null;
  readonly sent: number;
  readonly ok: number;
  /** Within `sloMs`; all that are ok without one. */
  readonly inTime: number;
  /** Answered with 429 or 503. */
  readonly refused: number;
  /** What else failed. */
  readonly errors: number;
  /** By status or reason, refusals included. */
  readonly failures: Readonly<Record<string, number>>;
  /** Answers with 200 a second. */
  readonly throughput: number;
  /** Of these, in time. */
  readonly goodput: number;
  readonly latencyMs: Percentiles;
  /** How long refusals took; `null` where there were none. */
  readonly refusalMs: Percentiles | null;
  /** How late the generator itself was; `null` in a closed loop. */
  readonly lagMs: Percentiles | null;
  readonly histogramsUs: {
    readonly latency: HistogramRecord;
    readonly refusal: HistogramRecord;
    readonly lag: HistogramRecord | null;
  };
}

export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly mean: number;
}

export function benchResult(
  subject: BenchSubject,
  report: LoadReport | OpenLoadReport,
  isInterrupted: boolean,
): BenchResult {
  const open = 'lagUs' in report ? report : null;
  const { seconds, answered, inTime, refused, failures, latencyUs, refusalUs } = report;
  const errors = errorsOf(report);
  return {
    ...subject,
    seconds,
    isInterrupted,
    void: open && voidReason(open),
    sent: open ? open.intended - open.unsent : answered + refused + errors,
    ok: answered,
    inTime,
    refused,
    errors,
    failures,
    // Interrupted while it warmed up, it measured nothing.
    throughput: seconds === 0 ? 0 : (open?.completed ?? answered) / seconds,
    goodput: seconds === 0 ? 0 : inTime / seconds,
    latencyMs: percentilesOf(latencyUs),
    refusalMs: refused === 0 ? null : percentilesOf(refusalUs),
    lagMs: open && percentilesOf(open.lagUs),
    histogramsUs: {
      latency: latencyUs.toRecord(),
      refusal: refusalUs.toRecord(),
      lag: open?.lagUs.toRecord() ?? null,
    },
  };
}

/** Of microseconds, in milliseconds. */
function percentilesOf(us: Histogram): Percentiles {
  const [p50, p90, p99, p999] = [50, 90, 99, 99.9].map((percent) => us.percentile(percent) / 1_000);
  return { p50: p50!, p90: p90!, p99: p99!, p999: p999!, max: us.max / 1_000, mean: us.mean / 1_000 };
}
