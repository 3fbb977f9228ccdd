import { describe, expect, it } from 'vitest';
import type { ComparisonRun } from './comparison.js';
import { bestPeerFigure, cpuUs, p99Figure, rate, ratioFigure, Standings, serversTable } from './standings.js';

interface Seen {
  readonly round?: number;
  readonly rate: number;
  readonly p99Ms?: number;
  readonly cpuUs?: number;
}

function run(contender: string, seen: Seen): ComparisonRun {
  return {
    round: seen.round ?? 1,
    contender,
    point: '8',
    connections: 8,
    batchRows: null,
    requestsPerSecond: seen.rate,
    p50Us: 500,
    p99Us: (seen.p99Ms ?? 1) * 1_000,
    maxUs: 0,
    failures: {},
    serverCpuUs: seen.cpuUs ?? 100,
    serverCpuUsByTitle: {},
    generatorCpuUs: 10,
    foreignCores: 0,
  };
}

const PEERS = ['slow', 'fast', 'absent'];

describe('what runs say', () => {
  const runs = [
    run('Jitney', { round: 1, rate: 200, p99Ms: 4, cpuUs: 150 }),
    run('Jitney', { round: 2, rate: 400, p99Ms: 4, cpuUs: 90 }),
    run('fast', { round: 1, rate: 100, p99Ms: 5 }),
    run('fast', { round: 2, rate: 100, p99Ms: 5 }),
    run('slow', { round: 2, rate: 50, p99Ms: 3 }),
  ];
  const standings = new Standings(runs, PEERS);

  it('is compared within each round that has both', () => {
    expect(standings.ratios('Jitney', 'fast', '8', rate)).toEqual([2, 4]);
    expect(standings.ratios('Jitney', 'slow', '8', rate)).toEqual([8]);
  });

  it('names the peer with the highest rate, of those that were there', () => {
    expect(standings.peersAt('8')).toEqual(['fast', 'slow']);
    expect(bestPeerFigure(standings, '8', 3)).toEqual({
      what: 'requests/s at 8, over the best peer’s (fast)',
      asked: '≥ 3 ×',
      measured: '3.00 (2.00–4.00) ×',
      isMet: true,
    });
  });

  it('meets a limit from above or from below', () => {
    const goal = { what: 'CPU', other: 'fast', point: '8', read: cpuUs };
    expect(ratioFigure(standings, { ...goal, limit: { most: 1.2 } }).isMet).toBe(true);
    expect(ratioFigure(standings, { ...goal, limit: { most: 1.1 } }).isMet).toBe(false);
    expect(ratioFigure(standings, { ...goal, limit: { least: 1.3 } }).isMet).toBe(false);
  });

  it('sets the p99 beside the lowest of those it is to be below', () => {
    expect(p99Figure(standings, '8', ['fast'])).toMatchObject({ asked: '< 5.00 ms', isMet: true });
    expect(p99Figure(standings, '8', standings.peersAt('8'))).toMatchObject({
      what: 'p99 at 8, beside slow’s',
      isMet: false,
    });
  });

  it('is a row of the table for each that was measured', () => {
    const { head, rows } = serversTable(standings, [{ head: 'rounds', cell: (mine) => String(mine.length) }]);
    expect(head.at(-2)).toBe('rounds');
    expect(rows.map((row) => [row[1], row.at(-2)])).toEqual([
      ['Jitney', '2'],
      ['fast', '2'],
      ['slow', '1'],
    ]);
  });
});

describe('a goal beside a server that was not measured', () => {
  it('is not met', () => {
    const standings = new Standings([run('Jitney', { rate: 1 })], PEERS);
    expect(bestPeerFigure(standings, '8', 1)).toMatchObject({ measured: 'not measured', isMet: false });
    expect(p99Figure(standings, '8', [])).toMatchObject({ measured: 'not measured', isMet: false });
  });
});
