import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { laneStats } from '../../test/lane-stats.js';
import { createGatewayMetrics, type GatewayMetrics, type MeasuredAnswer, mergeMetrics } from './metrics.js';

let opened: GatewayMetrics[] = [];
afterEach(() => {
  for (const metrics of opened) metrics.close();
  opened = [];
});

function createMetrics(options: Parameters<typeof createGatewayMetrics>[0] = {}): GatewayMetrics {
  const metrics = createGatewayMetrics(options);
  opened.push(metrics);
  return metrics;
}

/** Received at 1000; each stage takes as many ms as is said here. */
function answerOf(stages: Partial<Record<'parse' | 'forward' | 'encode' | 'queue' | 'run' | 'decode', number>> = {}) {
  const { parse = 0, forward = 0, encode = 0, queue = 0, run = 0, decode = 0 } = stages;
  const parsedAtMs = 1000 + parse;
  const receivedAtMs = parsedAtMs + forward;
  const encodedAtMs = receivedAtMs + encode;
  const startedAtMs = encodedAtMs + queue;
  const finishedAtMs = startedAtMs + run;
  const decodedAtMs = finishedAtMs + decode;
  const timing = { receivedAtMs, encodedAtMs, enqueuedAtMs: encodedAtMs, startedAtMs, finishedAtMs, decodedAtMs };
  const answer: MeasuredAnswer = { timing: { ...timing, batchRows: 8 }, attempts: 1 };
  return { answer, request: { receivedAtMs: 1000, parsedAtMs, answeredAtMs: decodedAtMs } };
}

async function scrape(metrics: readonly GatewayMetrics[]): Promise<Map<string, number>> {
  // As it travels between the processes: through JSON.
  const exported = await Promise.all(metrics.map(async (one) => JSON.parse(JSON.stringify(await one.export()))));
  return parse(await mergeMetrics(exported, []));
}

/** Series with their labels as they stand in the text → value. */
function parse(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describe('an answered request', () => {
  it('is counted once, under its model, version and protocol', async () => {
    const metrics = createMetrics();
    const { answer, request } = answerOf();
    metrics.answered('fraud', '3', 'oip', answer, request);
    const series = await scrape([metrics]);
    expect(series.get('jitney_requests_total{model="fraud",version="3",protocol="oip",code="OK"}')).toBe(1);
    expect([...series.keys()].filter((name) => name.startsWith('jitney_request_failures'))).toEqual([]);
  });

  it('is split into stages whose times add up to the whole', async () => {
    const metrics = createMetrics();
    const { answer, request } = answerOf({ parse: 1, forward: 2, encode: 4, queue: 8, run: 16, decode: 32 });
    metrics.answered('fraud', '3', 'oip', answer, { ...request, answeredAtMs: request.answeredAtMs + 64 });
    const series = await scrape([metrics]);
    const seconds = (stage: string) =>
      series.get(`jitney_stage_seconds_sum{model="fraud",version="3",stage="${stage}"}`);
    const stages = ['parse', 'forward', 'encode', 'queue', 'run', 'decode', 'answer'];
    expect(stages.map(seconds)).toEqual([0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064]);
    expect(series.get('jitney_request_seconds_sum{model="fraud",version="3"}')).toBeCloseTo(0.127, 12);
  });

  it('falls into every bucket that ends at or above its value', async () => {
    const metrics = createMetrics();
    const { answer, request } = answerOf({ queue: 5 });
    metrics.answered('fraud', '3', 'oip', answer, request);
    const series = await scrape([metrics]);
    const queue = (le: string) =>
      series.get(`jitney_stage_seconds_bucket{le="${le}",model="fraud",version="3",stage="queue"}`);
    expect([queue('0.0025'), queue('0.005'), queue('0.01'), queue('+Inf')]).toEqual([0, 1, 1, 1]);
    const rows = (le: string) => series.get(`jitney_batch_rows_bucket{le="${le}",model="fraud",version="3"}`);
    expect([rows('4'), rows('8'), rows('+Inf')]).toEqual([0, 1, 1]);
  });

  it('that hosts died under counts how often it was sent again', async () => {
    const metrics = createMetrics();
    const { answer, request } = answerOf();
    metrics.answered(
      'fraud',
      '3',
      'oip',
      { ...answer, attempts: 3 },
      { ...request, requestBytes: 10, responseBytes: 5 },
    );
    const series = await scrape([metrics]);
    expect(series.get('jitney_request_retries_total{model="fraud",version="3"}')).toBe(2);
    expect(series.get('jitney_request_bytes_total{model="fraud",version="3"}')).toBe(10);
    expect(series.get('jitney_response_bytes_total{model="fraud",version="3"}')).toBe(5);
  });

  it('never counts a negative time where two clocks differ by microseconds', async () => {
    const metrics = createMetrics();
    const { answer, request } = answerOf({ forward: -0.004 });
    metrics.answered('fraud', '3', 'oip', answer, request);
    const series = await scrape([metrics]);
    expect(series.get('jitney_stage_seconds_sum{model="fraud",version="3",stage="forward"}')).toBe(0);
  });
});

describe('a failed request', () => {
  it('is counted by its reason', async () => {
    const metrics = createMetrics();
    metrics.failed('fraud', '3', 'QUEUE_FULL', 'oip');
    metrics.failed('fraud', '3', 'QUEUE_FULL', 'predict');
    const series = await scrape([metrics]);
    expect(series.get('jitney_request_failures_total{model="fraud",version="3",reason="QUEUE_FULL"}')).toBe(2);
    expect(series.get('jitney_requests_total{model="fraud",version="3",protocol="oip",code="QUEUE_FULL"}')).toBe(1);
    expect([...series.keys()].filter((name) => name.startsWith('jitney_stage_seconds'))).toEqual([]);
  });

  it('that named no model goes under "other"', async () => {
    const metrics = createMetrics();
    metrics.failed('', '', 'MODEL_NOT_FOUND');
    const series = await scrape([metrics]);
    expect(series.get('jitney_request_failures_total{model="other",version="other",reason="MODEL_NOT_FOUND"}')).toBe(1);
  });
});

describe('labels', () => {
  it('are bounded whatever is counted', async () => {
    const metrics = createMetrics();
    const { answer, request } = answerOf();
    for (let index = 0; index < 5000; index++) metrics.answered(`model-${index}`, '1', 'oip', answer, request);
    const families = await metrics.export();
    const family = families.find(({ name }) => name === 'jitney_requests_total')!;
    const requests = family.type === 'counter' ? family.values : [];
    expect(requests).toHaveLength(1001);
    const other = requests.find(({ labels }) => labels.model === 'other')!;
    expect(other.value).toBe(4000);
  });

  it('are written so that any model name can stand in them', async () => {
    const metrics = createMetrics();
    metrics.failed('a"b\\c\nd', '1', 'INTERNAL');
    const series = await scrape([metrics]);
    const name = 'jitney_request_failures_total{model="a\\"b\\\\c\\nd",version="1",reason="INTERNAL"}';
    expect(series.get(name)).toBe(1);
  });
});

describe('the metrics of several gateways', () => {
  it('are their sum, however requests were spread', async () => {
    const requests = fc.array(fc.record({ to: fc.nat(2), run: fc.integer({ min: 0, max: 40_000 }) }), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(requests, async (all) => {
        const several = [createMetrics(), createMetrics(), createMetrics()];
        const one = createMetrics();
        for (const { to, run } of all) {
          const { answer, request } = answerOf({ run });
          several[to]!.answered('fraud', '3', 'oip', answer, request);
          one.answered('fraud', '3', 'oip', answer, request);
        }
        const merged = await scrape(several);
        for (const [name, value] of await scrape([one])) {
          if (/^jitney_(request|stage|batch)/.test(name)) expect(merged.get(name)).toBeCloseTo(value, 9);
        }
        for (const metrics of opened.splice(-4)) metrics.close();
      }),
      { numRuns: 30 },
    );
  });

  it('show the latest event loop, what is in flight, and what the processes cost', async () => {
    const first = createMetrics({ inFlight: { requests: 2, bytes: 100 } });
    const second = createMetrics({ inFlight: { requests: 3, bytes: 50 } });
    const series = await scrape([first, second]);
    expect(series.get('jitney_requests_in_flight')).toBe(5);
    expect(series.get('jitney_request_bytes_in_flight')).toBe(150);
    expect(series.get('jitney_event_loop_delay_seconds{process="gateway",quantile="0.99"}')).toBeGreaterThanOrEqual(0);
    expect(series.get('jitney_process_memory_bytes{process="gateway"}')).toBeGreaterThan(1e6);
    expect(series.get('jitney_process_cpu_seconds_total{process="gateway"}')).toBeGreaterThan(0);
  });
});

describe('what the supervisor knows of hosts', () => {
  const lane = laneStats({
    queuedEntries: 2,
    queuedRows: 5,
    queuedBytes: 60,
    runningRows: 8,
    oldestRunMs: 30,
    expectedWaitMs: 12,
  });
  const host = {
    models: ['fraud@3', 'digits@1'],
    memoryBytes: 5e7,
    restarts: 1,
    lanes: [lane, { ...lane, queuedRows: 7 }],
  };

  it('stands beside it, by host and by model version', async () => {
    const series = parse(await mergeMetrics([], [host]));
    expect(series.get('jitney_host_memory_bytes{host="fraud@3+digits@1"}')).toBe(5e7);
    expect(series.get('jitney_host_restarts_total{host="fraud@3+digits@1"}')).toBe(1);
    expect(series.get('jitney_queue_rows{model="fraud",version="3"}')).toBe(5);
    expect(series.get('jitney_queue_rows{model="digits",version="1"}')).toBe(7);
    expect(series.get('jitney_expected_wait_seconds{model="fraud",version="3"}')).toBe(0.012);
    expect(series.get('jitney_oldest_run_seconds{model="fraud",version="3"}')).toBe(0.03);
    expect(series.get('jitney_runs_total{model="fraud",version="3",bound="waiting"}')).toBe(3);
    expect(series.get('jitney_run_rows_total{model="fraud",version="3"}')).toBe(40);
    expect(series.get('jitney_unserved_total{model="fraud",version="3",reason="refused_late"}')).toBe(5);
    expect(series.get('jitney_run_seconds_total{model="fraud",version="3"}')).toBe(0.12);
    expect(series.get('jitney_run_predicted_seconds_total{model="fraud",version="3"}')).toBe(0.1);
  });

  it('is one series where two hosts hold the same models, as during a reload', async () => {
    const series = parse(await mergeMetrics([], [host, host]));
    expect(series.get('jitney_host_memory_bytes{host="fraud@3+digits@1"}')).toBe(1e8);
    expect(series.get('jitney_queue_requests{model="fraud",version="3"}')).toBe(4);
    expect(series.get('jitney_expected_wait_seconds{model="fraud",version="3"}')).toBe(0.012);
  });

  it('is still told when a gateway sent nothing of use', async () => {
    const series = parse(await mergeMetrics([undefined, null, 'x'], [host]));
    expect(series.get('jitney_queue_rows{model="fraud",version="3"}')).toBe(5);
  });
});
