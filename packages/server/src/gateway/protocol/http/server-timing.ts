import type { Moment } from '@jitney/core';
import type { Answer } from '../../call.js';

export interface GatewayMoments {
  readonly receivedAtMs: Moment;
  readonly parsedAtMs: Moment;
  readonly answeredAtMs: Moment;
}

/**
 * Where the time of a request went, as browsers and tools read it: `parse;dur=0.041,queue;dur=0.310,…`, in milliseconds.
 * The stages are those of the metric `jitney_stage_seconds`; the run says with how many rows it was
 * made, and what kept it from having more (`waiting`: nothing, it took all that waited).
 * Source: W3C Server Timing.
 */
export function serverTiming({ timing }: Answer, { receivedAtMs, parsedAtMs, answeredAtMs }: GatewayMoments): string {
  const queueMs = timing.startedAtMs - timing.encodedAtMs;
  const runMs = timing.finishedAtMs - timing.startedAtMs;
  return (
    `parse;dur=${text(parsedAtMs - receivedAtMs)},encode;dur=${text(timing.encodedAtMs - timing.receivedAtMs)},` +
    `queue;dur=${text(queueMs)},run;dur=${text(runMs)};desc="${timing.batchRows} rows, bound by ${timing.boundBy}",` +
    `decode;dur=${text(timing.decodedAtMs - timing.finishedAtMs)},total;dur=${text(answeredAtMs - receivedAtMs)}`
  );
}

const THOUSANDTHS = Array.from({ length: 1_000 }, (_, i) => `.${String(i).padStart(3, '0')}`);

/** Milliseconds to the microsecond. By a table, since numbers with a fraction are dear to write. */
function text(ms: number): string {
  const microseconds = Math.max(0, Math.round(ms * 1_000));
  const whole = Math.floor(microseconds / 1_000);
  return `${whole}${THOUSANDTHS[microseconds - whole * 1_000]}`;
}
