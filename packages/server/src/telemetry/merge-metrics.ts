import type { LaneCounts, LaneStats } from '@jitney/core';
import { type BucketCounts, counter, type Family, gauge, type Sample } from './family.js';

/** What the supervisor knows of one host. */
export interface HostSample {
  /** `name@version` of each model in it, in the order of `lanes`. */
  readonly models: readonly string[];
  readonly memoryBytes: number;
  /** How often it was started again. */
  readonly restarts: number;
  readonly lanes: readonly LaneStats[];
}

/**
 * The text of /metrics: what the gateways exported, summed, and what the supervisor knows of the hosts.
 * Source: the Prometheus text format 0.0.4.
 */
export async function mergeMetrics(gateways: readonly unknown[], hosts: readonly HostSample[]): Promise<string> {
  // 4 MB and 40 ms, paid by the process that answers the first scrape.
  const { AggregatorRegistry } = (await import('prom-client')).default;
  const exported = gateways.filter((families) => Array.isArray(families)) as Family[][];
  const all = [...exported, hostFamilies(hosts), supervisorFamilies()];
  return AggregatorRegistry.aggregate(all.map((families) => families.map(toPromClient))).metrics();
}

/** A family in the form that prom-client's `getMetricsAsJSON` gives and its aggregation takes. */
function toPromClient(family: Family) {
  if (family.type !== 'histogram') return family;
  const { name, help, type, aggregator, bounds, series } = family;
  return { name, help, type, aggregator, values: series.flatMap((one) => bucketSamples(name, bounds, one)) };
}

/** Buckets of the text format count what is in the buckets below them too. */
function bucketSamples(name: string, bounds: readonly number[], { labels, counts, sum }: BucketCounts) {
  let below = 0;
  const buckets = counts.map((count, bucket) => {
    below += count;
    return { metricName: `${name}_bucket`, labels: { le: bounds[bucket] ?? '+Inf', ...labels }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: below },
  ];
}

function supervisorFamilies(): Family[] {
  const labels = { process: 'supervisor' };
  return [gauge('jitney_process_memory_bytes', 'Resident memory.', [{ labels, value: process.memoryUsage.rss() }])];
}

function hostFamilies(hosts: readonly HostSample[]): Family[] {
  const ofHosts = (read: (host: HostSample) => number): Sample[] =>
    hosts.map((host) => ({ labels: { host: host.models.join('+') }, value: read(host) }));
  const ofLanes = (read: (lane: LaneStats) => number): Sample[] =>
    hosts.flatMap(({ models, lanes }) =>
      lanes.map((lane, index) => ({ labels: modelLabels(models[index]!), value: read(lane) })),
    );
  return [
    gauge(
      'jitney_host_memory_bytes',
      'Resident memory of a host.',
      ofHosts((host) => host.memoryBytes),
    ),
    counter(
      'jitney_host_restarts_total',
      'Times a host was started again.',
      ofHosts((host) => host.restarts),
    ),
    gauge(
      'jitney_queue_requests',
      'Requests that wait for the model.',
      ofLanes((lane) => lane.queuedEntries),
    ),
    gauge(
      'jitney_queue_rows',
      'Rows that wait for the model.',
      ofLanes((lane) => lane.queuedRows),
    ),
    gauge(
      'jitney_queue_bytes',
      'Bytes that wait for the model.',
      ofLanes((lane) => lane.queuedBytes),
    ),
    gauge(
      'jitney_running_rows',
      'Rows in the runs that go on.',
      ofLanes((lane) => lane.runningRows),
    ),
    gauge(
      'jitney_expected_wait_seconds',
      'What a request that came now would wait before it runs.',
      ofLanes((lane) => lane.expectedWaitMs / 1e3),
      'max',
    ),
    ...decisionFamilies(hosts),
    gauge(
      'jitney_oldest_run_seconds',
      'Age of the oldest run.',
      ofLanes((lane) => lane.oldestRunMs / 1e3),
      'max',
    ),
  ];
}

/** What the lanes decided, since their hosts began. */
function decisionFamilies(hosts: readonly HostSample[]): Family[] {
  const ofLanes = (read: (counts: LaneCounts) => number | Readonly<Record<string, number>>, label = ''): Sample[] =>
    hosts.flatMap(({ models, lanes }) =>
      lanes.flatMap(({ counts }, index) => {
        const labels = modelLabels(models[index]!);
        const found = read(counts);
        if (typeof found === 'number') return [{ labels, value: found }];
        return Object.entries(found).map(([name, value]) => ({ labels: { ...labels, [label]: name }, value }));
      }),
    );
  return [
    counter(
      'jitney_runs_total',
      'Runs, by what bounded their rows.',
      ofLanes((counts) => counts.runs, 'bound'),
    ),
    counter(
      'jitney_run_rows_total',
      'Rows of all runs.',
      ofLanes((counts) => counts.rows),
    ),
    counter(
      'jitney_unserved_total',
      'Requests, or parts of them, that the scheduler ended: refused as they came, dropped or expired as they waited.',
      ofLanes(
        ({ refusedLate, refusedFull, dropped, expired }) => ({
          refused_late: refusedLate,
          refused_full: refusedFull,
          dropped,
          expired,
        }),
        'reason',
      ),
    ),
    counter(
      'jitney_run_seconds_total',
      'What runs took, of those that had been predicted.',
      ofLanes((counts) => counts.tookMs / 1e3),
    ),
    counter(
      'jitney_run_predicted_seconds_total',
      'What these runs should have taken.',
      ofLanes((counts) => counts.predictedMs / 1e3),
    ),
  ];
}

function modelLabels(nameAndVersion: string): { readonly model: string; readonly version: string } {
  const at = nameAndVersion.lastIndexOf('@');
  return { model: nameAndVersion.slice(0, at), version: nameAndVersion.slice(at + 1) };
}
