import type { Table } from '../results/report.js';
import { digits, median } from '../results/statistics.js';
import { type GoodputPoint, WORKLOADS } from './goodput-matrix.js';
import type { LatencyPoint } from './latency-matrix.js';
import { SIMULATED_MODELS } from './models.js';
import type { OraclePoint } from './oracle.js';
import { POLICIES } from './policies.js';

/** Of the loads in the plot, these have their numbers on the page, too. */
const TABLE_LOADS: readonly number[] = [0.1, 0.5, 0.8, 0.95];

export function oracleTable(points: readonly OraclePoint[]): Table {
  return {
    head: ['mean latency, ms', 'load', 'the lane', 'exact', 'difference', 'Inoue’s bound'],
    rows: points.map(({ alphaMs, betaMs, load, simulatedMs, exactMs, boundMs }) => [
      `${alphaMs} + ${betaMs}·b`,
      String(load),
      digits(simulatedMs),
      digits(exactMs),
      `${(100 * (simulatedMs / exactMs - 1)).toFixed(2)} %`,
      digits(boundMs),
    ]),
  };
}

/** A row a model and load; p50 / p99 of each policy. */
export function latencyTable(points: readonly LatencyPoint[]): Table {
  const rows = SIMULATED_MODELS.flatMap((model) =>
    TABLE_LOADS.map((load) => {
      const cells = POLICIES.map(({ name }) => {
        const point = points.find((one) => one.model === model && one.load === load && one.policy === name)!;
        return `${digits(point.p50Ms)} / ${digits(point.p99Ms)}`;
      });
      return [model.name, String(load), ...cells];
    }),
  );
  return { head: ['p50 / p99, ms', 'load', ...POLICIES.map(({ name }) => name)], rows };
}

/** A row a model and workload: medians over the seeds, in percent of the best schedule's; itself of what came. */
export function goodputTable(points: readonly GoodputPoint[]): Table {
  const rows = SIMULATED_MODELS.flatMap((model) =>
    WORKLOADS.map((workload) => {
      const here = points.filter((point) => point.model === model && point.workload === workload);
      const percent = (share: (point: GoodputPoint) => number) => (100 * median(here.map(share))).toFixed(1);
      const cells = POLICIES.map(({ name }) => percent(({ good, most }) => good[name]! / most));
      const most = `${here[0]!.isBound ? '≤ ' : ''}${percent((point) => point.most / point.offered)}`;
      return [model.name, workload.name, most, ...cells];
    }),
  );
  const head = [
    'answered in time',
    'arrivals',
    'all-knowing, % of all',
    ...POLICIES.map(({ name }) => `${name}, % of that`),
  ];
  return { head, rows };
}
