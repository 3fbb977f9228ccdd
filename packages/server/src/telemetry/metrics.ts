import type { ErrorCode, LaneTiming, Moment } from '@jitney/core';
import { counter, type Family, gauge, histogram } from './family.js';
import { monitorLoopDelay } from './loop-delay.js';
import { ModelSeries, STAGES } from './model-series.js';
import { processFamilies } from './process-families.js';

export { mergeMetrics } from './merge-metrics.js';

/** The part of an answer that is measured; moments on the machine's monotonic clock. */
export interface MeasuredAnswer {
  readonly timing: Omit<LaneTiming, 'boundBy'> & {
    readonly receivedAtMs: Moment;
    readonly encodedAtMs: Moment;
    readonly decodedAtMs: Moment;
  };
  /** Hosts the request was sent to, one after the other. */
  readonly attempts: number;
}

/** What the gateway knows of a request it answered. */
export interface MeasuredRequest {
  readonly receivedAtMs: Moment;
  readonly parsedAtMs: Moment;
  /** Default: now. */
  readonly answeredAtMs?: Moment;
  /** Size of the bodies, as they travelled. */
  readonly requestBytes?: number;
  readonly responseBytes?: number;
}

/** What a gateway counts. Each request is told once, when it is over. */
export interface GatewayMetrics {
  answered(model: string, version: string, protocol: string, answer: MeasuredAnswer, request: MeasuredRequest): void;
  /** @param model Of a model that is served. Empty where the request named none that is: no client makes up labels. */
  failed(model: string, version: string, code: ErrorCode, protocol?: string): void;
  /** Everything counted since the start, for {@link mergeMetrics} in another process. */
  export(): Promise<Family[]>;
  close(): void;
}

export interface GatewayMetricsOptions {
  /** Value of the label `process`. Default `gateway`. */
  readonly name?: string;
  /** The machine's monotonic clock, in ms. */
  readonly now?: () => Moment;
  /** Asked when the metrics are exported. */
  readonly inFlight?: { readonly requests: number; readonly bytes: number };
}

/** Model versions that get series of their own; any beyond share the label `other`, so that labels stay bounded. */
const MAX_SERIES = 1_000;
const OTHER = 'other';

export function createGatewayMetrics(options: GatewayMetricsOptions = {}): GatewayMetrics {
  const { name = 'gateway', now = () => Number(process.hrtime.bigint()) / 1e6, inFlight } = options;
  const series = new SeriesTable();
  const loopDelay = monitorLoopDelay();
  return {
    answered(model, version, protocol, answer, request) {
      recordAnswer(series.of(model, version), protocol, answer, request, request.answeredAtMs ?? now());
    },
    failed(model, version, code, protocol = OTHER) {
      series.of(model, version).countRequest(protocol, code);
    },
    export: async () => [
      ...requestFamilies([...series.all()]),
      ...(inFlight === undefined ? [] : inFlightFamilies(inFlight)),
      ...processFamilies(name, loopDelay.take()),
    ],
    close: () => loopDelay.close(),
  };
}

/** The series of each model version, found without making a key of both names. */
class SeriesTable {
  readonly #models = new Map<string, Map<string, ModelSeries>>();
  readonly #other = new ModelSeries(OTHER, OTHER);
  #size = 0;

  of(model: string, version: string): ModelSeries {
    return this.#models.get(model)?.get(version) ?? this.#create(model, version);
  }

  #create(model: string, version: string): ModelSeries {
    if (model === '' || this.#size >= MAX_SERIES) return this.#other;
    const created = new ModelSeries(model, version);
    const versions = this.#models.get(model);
    if (versions === undefined) this.#models.set(model, new Map([[version, created]]));
    else versions.set(version, created);
    this.#size += 1;
    return created;
  }

  *all(): Iterable<ModelSeries> {
    for (const versions of this.#models.values()) yield* versions.values();
    yield this.#other;
  }
}

function recordAnswer(
  series: ModelSeries,
  protocol: string,
  { timing, attempts }: MeasuredAnswer,
  request: MeasuredRequest,
  answeredAtMs: Moment,
): void {
  const { stages } = series;
  series.countRequest(protocol, 'OK');
  series.answered += 1;
  series.retries += attempts - 1;
  series.requestBytes += request.requestBytes ?? 0;
  series.responseBytes += request.responseBytes ?? 0;
  series.total.record(seconds(request.receivedAtMs, answeredAtMs));
  series.batchRows.record(timing.batchRows);
  stages.parse.record(seconds(request.receivedAtMs, request.parsedAtMs));
  stages.forward.record(seconds(request.parsedAtMs, timing.receivedAtMs));
  stages.encode.record(seconds(timing.receivedAtMs, timing.encodedAtMs));
  stages.queue.record(seconds(timing.encodedAtMs, timing.startedAtMs));
  stages.run.record(seconds(timing.startedAtMs, timing.finishedAtMs));
  stages.decode.record(seconds(timing.finishedAtMs, timing.decodedAtMs));
  stages.answer.record(seconds(timing.decodedAtMs, answeredAtMs));
}

/** The clocks of two processes agree within microseconds, no better: a stage may seem to end before it began. */
function seconds(fromMs: Moment, toMs: Moment): number {
  return Math.max(0, toMs - fromMs) / 1e3;
}

function requestFamilies(all: readonly ModelSeries[]): Family[] {
  const answered = all.filter((series) => series.answered > 0);
  const sums = (read: (series: ModelSeries) => number) =>
    answered.map((series) => ({ labels: series.labels, value: read(series) }));
  return [
    counter(
      'jitney_requests_total',
      'Requests that are over. Code: OK, or the error (docs/errors.md).',
      all.flatMap((series) => series.requestSamples()),
    ),
    counter(
      'jitney_request_failures_total',
      'Requests that ended with an error, by its code.',
      all.flatMap((series) => series.failureSamples()),
    ),
    histogram(
      'jitney_request_seconds',
      'Answered requests: from the headers to the answer.',
      answered.map(({ labels, total }) => ({ labels, distribution: total })),
    ),
    histogram(
      'jitney_stage_seconds',
      'Answered requests: the stages that the time of jitney_request_seconds went to.',
      answered.flatMap(({ labels, stages }) =>
        STAGES.map((stage) => ({ labels: { ...labels, stage }, distribution: stages[stage] })),
      ),
    ),
    histogram(
      'jitney_batch_rows',
      'Rows of the run an answered request took part in, its own included; counted once a request.',
      answered.map(({ labels, batchRows }) => ({ labels, distribution: batchRows })),
    ),
    counter(
      'jitney_request_retries_total',
      'Times an answered request was sent to another host, since one had ended.',
      sums((series) => series.retries),
    ),
    counter(
      'jitney_request_bytes_total',
      'Bytes of the bodies of answered requests.',
      sums((series) => series.requestBytes),
    ),
    counter(
      'jitney_response_bytes_total',
      'Bytes of the bodies of their answers.',
      sums((series) => series.responseBytes),
    ),
  ];
}

function inFlightFamilies({ requests, bytes }: { readonly requests: number; readonly bytes: number }): Family[] {
  return [
    gauge('jitney_requests_in_flight', 'Requests that came and are not over.', [{ labels: {}, value: requests }]),
    gauge('jitney_request_bytes_in_flight', 'Bytes that these hold.', [{ labels: {}, value: bytes }]),
  ];
}
