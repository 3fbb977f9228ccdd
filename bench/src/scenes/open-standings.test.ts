import { describe, expect, it } from 'vitest';
import { writeTable } from '../results/report.js';
import { goodputFigure } from './goodput-figure.js';
import { goodput, OpenStandings, p99Ms } from './open-standings.js';
import type { OpenRun } from './open-turns.js';

const RUN: OpenRun = {
  round: 1,
  contender: 'Jitney',
  point: 'bursts',
  ratePerSecond: 100,
  goodput: 90,
  p50Us: 2_000,
  p99Us: 9_000,
  maxUs: 12_000,
  sent: 1_000,
  answered: 950,
  inTime: 900,
  refused: 40,
  errors: 10,
  refusalP99Us: 500,
  lagP99Us: 200,
  void: null,
  serverCpuUs: 400,
  generatorCpuUs: 30,
  foreignCores: 0.1,
  runs: [],
};

const run = (change: Partial<OpenRun>): OpenRun => ({ ...RUN, ...change });

describe('runs of an open scene', () => {
  const standings = new OpenStandings([
    run({ goodput: 90 }),
    run({ round: 2, goodput: 10, void: 'the load generator was 9.0 ms late at p99, above 1 ms' }),
    run({ round: 3, goodput: 80 }),
    run({ contender: 'slow', goodput: 45 }),
    run({ contender: 'slow', round: 3, goodput: 50 }),
    run({ contender: 'other', goodput: 70, p99Us: 5_000 }),
  ]);

  it('count without those that are void', () => {
    expect(standings.at('Jitney', 'bursts').map(({ round }) => round)).toEqual([1, 3]);
    expect(standings.median('Jitney', 'bursts', goodput)).toBe(85);
  });

  it('are compared within a round', () => {
    expect(standings.ratios('Jitney', 'slow', 'bursts', goodput)).toEqual([2, 1.6]);
  });

  it('rank those who were measured', () => {
    expect(standings.ranked(['slow', 'other', 'absent'], 'bursts', goodput)).toEqual(['other', 'slow']);
    expect(standings.ranked(['slow', 'other'], 'bursts', p99Ms).at(-1)).toBe('other');
  });

  it('stand in a table, the void ones counted', () => {
    const table = writeTable(standings.table());
    expect(table).toContain('| bursts | Jitney | 85.0 (80.0–90.0) | 90.0 % | 2.00 (2.00–2.00) | 9.00 (9.00–9.00) |');
    expect(table).toMatch(/\| 4\.0 % \| 1\.0 % \| 400 \| 0\.200 \| 30\.0 \| 1 of 3 \|/);
  });

  it('count although they are void where no other is there', () => {
    const only = new OpenStandings([run({ void: 'late' })]);
    expect(only.median('Jitney', 'bursts', goodput)).toBe(90);
  });
});

describe('the figure of a goodput', () => {
  const standings = new OpenStandings([run({ goodput: 98 }), run({ contender: 'window', goodput: 100 })]);
  const goal = { point: 'bursts', what: 'the best window’s', least: 0.98 };

  it('is the ratio of both, and met from the limit on', () => {
    expect(goodputFigure(standings, { ...goal, other: 'window' })).toEqual({
      what: 'goodput, bursts, over the best window’s (window)',
      asked: '≥ 0.98 ×',
      measured: '0.98 ×',
      isMet: true,
    });
    expect(goodputFigure(standings, { ...goal, least: 0.99, other: 'window' }).isMet).toBe(false);
  });

  it('is not met where nobody else was measured', () => {
    expect(goodputFigure(standings, { ...goal, other: null })).toMatchObject({
      measured: 'not measured',
      isMet: false,
    });
  });
});
