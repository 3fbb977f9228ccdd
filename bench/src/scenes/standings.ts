import type { Figure, Table } from '../results/report.js';
import { digits, median, spread } from '../results/statistics.js';
import type { ComparisonRun } from './comparison.js';
import { Rounds } from './rounds.js';

type Read = (run: ComparisonRun) => number;

export const rate: Read = ({ requestsPerSecond }) => requestsPerSecond;
export const cpuUs: Read = ({ serverCpuUs }) => serverCpuUs;
export const p50Ms: Read = ({ p50Us }) => p50Us / 1_000;
export const p99Ms: Read = ({ p99Us }) => p99Us / 1_000;

/** What a comparison's runs say of one contender beside another. */
export class Standings extends Rounds<ComparisonRun> {
  readonly #peers: readonly string[];

  /** @param peers The names of those that Jitney is to be better than. */
  constructor(runs: readonly ComparisonRun[], peers: readonly string[]) {
    super(runs);
    this.#peers = peers;
  }

  /** Peers that were measured at a point, the one with the highest rate first. */
  peersAt(point: string): readonly string[] {
    return this.ranked(this.#peers, point, rate);
  }
}

const NOT_MEASURED = { measured: 'not measured', isMet: false };

/** A figure that is a ratio of Jitney's to another's, at most or at least `limit`. */
export function ratioFigure(standings: Standings, { what, other, point, read, limit }: RatioGoal): Figure {
  const asked = 'most' in limit ? `≤ ${limit.most} ×` : `≥ ${limit.least} ×`;
  const found = standings.ratios('Jitney', other, point, read);
  if (found.length === 0) return { what, asked, ...NOT_MEASURED };
  const isMet = 'most' in limit ? median(found) <= limit.most : median(found) >= limit.least;
  return { what, asked, measured: spread(found, (ratio) => ratio.toFixed(2), '×'), isMet };
}

export interface RatioGoal {
  readonly what: string;
  readonly other: string;
  readonly point: string;
  readonly read: Read;
  readonly limit: { readonly most: number } | { readonly least: number };
}

/** Jitney's rate over that of the peer with the highest. */
export function bestPeerFigure(standings: Standings, point: string, least: number): Figure {
  const [best = 'peer'] = standings.peersAt(point);
  const what = `requests/s at ${point}, over the best peer’s (${best})`;
  return ratioFigure(standings, { what, other: best, point, read: rate, limit: { least } });
}

/** Jitney's p99 beside those of peers: it is to be below the lowest of them. */
export function p99Figure(standings: Standings, point: string, peers: readonly string[]): Figure {
  const [lowest] = [...peers].sort((a, b) => standings.median(a, point, p99Ms) - standings.median(b, point, p99Ms));
  if (lowest === undefined || standings.at('Jitney', point).length === 0)
    return { what: `p99 at ${point}`, asked: 'below the peers’', ...NOT_MEASURED };
  const limit = standings.median(lowest, point, p99Ms);
  return {
    what: `p99 at ${point}, beside ${lowest}’s`,
    asked: `< ${digits(limit)} ms`,
    measured: spread(standings.at('Jitney', point).map(p99Ms), digits, 'ms'),
    isMet: standings.median('Jitney', point, p99Ms) < limit,
  };
}

/** A column beyond those that every comparison has. */
export interface Column {
  readonly head: string;
  readonly cell: (runs: readonly ComparisonRun[], contender: string, point: string) => string;
}

/** All contenders at all points. */
export function serversTable({ runs }: Standings, columns: readonly Column[] = []): Table {
  const [points, contenders] = [unique(runs.map(({ point }) => point)), unique(runs.map(({ contender }) => contender))];
  const groups = points.flatMap((point) => contenders.map((contender) => ({ point, contender })));
  return {
    head: [
      'connections',
      'server',
      'requests/s',
      'p50 ms',
      'p99 ms',
      'CPU µs a request',
      'rows a batch',
      ...columns.map(({ head }) => head),
      'failed',
    ],
    rows: groups.flatMap(({ point, contender }) => {
      const mine = runs.filter((run) => run.point === point && run.contender === contender);
      return mine.length === 0 ? [] : [[point, contender, ...commonCells(mine, columns, contender, point)]];
    }),
  };
}

function commonCells(mine: readonly ComparisonRun[], columns: readonly Column[], contender: string, point: string) {
  const batches = mine.flatMap(({ batchRows }) => (batchRows === null ? [] : [batchRows]));
  const failed = mine.flatMap(({ failures }) => Object.values(failures)).reduce((sum, count) => sum + count, 0);
  return [
    spread(mine.map(rate), digits),
    digits(median(mine.map(p50Ms))),
    digits(median(mine.map(p99Ms))),
    spread(mine.map(cpuUs), digits),
    batches.length === 0 ? '' : digits(median(batches)),
    ...columns.map(({ cell }) => cell(mine, contender, point)),
    String(failed),
  ];
}

const unique = <T>(values: readonly T[]) => [...new Set(values)];
