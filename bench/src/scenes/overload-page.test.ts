import { describe, expect, it } from 'vitest';
import { writeTable } from '../results/report.js';
import type { OverloadRun } from './overload.js';
import { overloadFigures, overloadTables } from './overload-page.js';

const RUN: OverloadRun = {
  round: 1,
  subject: 'mlp',
  factor: 2,
  sloMs: 50,
  peak: 1_000,
  offered: 2_000,
  goodput: 960,
  answered: 59_000,
  inTime: 57_600,
  refused: 60_000,
  errors: 1_000,
  failures: { 503: 60_000, ECONNRESET: 1_000 },
  p99Us: 48_000,
  refusalP99Us: 4_000,
  lagP99Us: 300,
  void: null,
  recoveryMs: 250,
  memory: { gateway: { beforeBytes: 40e6, afterBytes: 41.5e6 } },
};

const measured = (runs: readonly OverloadRun[]) =>
  overloadFigures(runs).map((figure) => [figure.measured, figure.isMet]);

describe('what is asked of an overload', () => {
  it('is asked at twice the capacity', () => {
    expect(measured([RUN, { ...RUN, factor: 20, goodput: 1 }])).toEqual([
      ['96.0 %', true],
      ['4.00 ms', true],
      ['0.25 s', true],
    ]);
  });

  it('is not met where goodput falls, refusals take their time, or full speed does not come back', () => {
    expect(measured([{ ...RUN, goodput: 940, refusalP99Us: 11_000, recoveryMs: null }])).toEqual([
      ['94.0 %', false],
      ['11.0 ms', false],
      ['more than 10 s', false],
    ]);
  });
});

describe('the tables of overloads', () => {
  it('say what became of all requests, and what each process holds', () => {
    const [rates, memory] = overloadTables([RUN, { ...RUN, round: 2, void: 'late' }]).map(writeTable);
    expect(rates).toContain(
      '| 96.0 % (96.0 %–96.0 %) | 50.0 % | 1.2 % | 0.8 % | 4.00 | 48.0 | 0.25 | 0.300 | 1 of 2 |',
    );
    expect(memory).toContain('| mlp | 2 | gateway | 40.0 (40.0–40.0) | 41.5 (41.5–41.5) |');
  });
});
