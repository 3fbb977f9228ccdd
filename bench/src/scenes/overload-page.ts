import type { Figure, Table } from '../results/report.js';
import { digits, median, megabytes, spread } from '../results/statistics.js';
import { percent } from './open-standings.js';
import type { OverloadRun } from './overload.js';

const ASKED_SHARE = 0.95;
const ASKED_REFUSAL_MS = 10;
const ASKED_RECOVERY_MS = 1_000;

/** What is asked for at 2 × the capacity. */
export function overloadFigures(runs: readonly OverloadRun[]): Figure[] {
  return subjectsOf(runs).flatMap((subject) => {
    const mine = runs.filter((run) => run.subject === subject && run.factor === 2);
    return [shareFigure(subject, mine), refusalFigure(subject, mine), recoveryFigure(subject, mine)];
  });
}

const shareOf = ({ goodput, peak }: OverloadRun) => goodput / peak;

function shareFigure(subject: string, mine: readonly OverloadRun[]): Figure {
  return {
    what: `${subject} at 2 × its capacity: goodput, of the peak`,
    asked: `≥ ${percent(ASKED_SHARE)}`,
    measured: spread(mine.map(shareOf), percent),
    isMet: median(mine.map(shareOf)) >= ASKED_SHARE,
  };
}

function refusalFigure(subject: string, mine: readonly OverloadRun[]): Figure {
  const found = mine.map(({ refusalP99Us }) => refusalP99Us / 1_000);
  return {
    what: `${subject} at 2 ×: time to a refusal, p99`,
    asked: `≤ ${ASKED_REFUSAL_MS} ms`,
    measured: spread(found, digits, 'ms'),
    isMet: median(found) <= ASKED_REFUSAL_MS,
  };
}

function recoveryFigure(subject: string, mine: readonly OverloadRun[]): Figure {
  const found = mine.map(recoveryOf);
  return {
    what: `${subject} behind 2 ×: full speed`,
    asked: `≤ ${ASKED_RECOVERY_MS / 1_000} s`,
    measured: spread(found, seconds, 's'),
    isMet: median(found) <= ASKED_RECOVERY_MS,
  };
}

const recoveryOf = ({ recoveryMs }: OverloadRun) => recoveryMs ?? Number.POSITIVE_INFINITY;
const seconds = (ms: number) => (Number.isFinite(ms) ? (ms / 1_000).toFixed(2) : 'more than 10');

export function overloadTables(runs: readonly OverloadRun[]): Table[] {
  return [ratesTable(runs), memoryTable(runs)];
}

function ratesTable(runs: readonly OverloadRun[]): Table {
  const head = [
    'model',
    '× capacity',
    'target ms',
    'offered/s',
    'peak/s',
    'goodput/s',
    'of the peak',
    'refused',
    'too late',
    'failed',
    'refusal p99 ms',
    'p99 ms',
    'full speed after s',
    'generator: lag p99 ms',
    'void runs',
  ];
  return {
    head,
    rows: groupsOf(runs).map(({ subject, factor, mine }) => [subject, String(factor), ...rateCells(mine)]),
  };
}

function rateCells(mine: readonly OverloadRun[]): string[] {
  const middle = (read: (run: OverloadRun) => number) => median(mine.map(read));
  const ofAll = (read: (run: OverloadRun) => number) =>
    percent(middle((run) => read(run) / (run.answered + run.refused + run.errors)));
  return [
    digits(middle(({ sloMs }) => sloMs)),
    digits(middle(({ offered }) => offered)),
    digits(middle(({ peak }) => peak)),
    spread(
      mine.map(({ goodput }) => goodput),
      digits,
    ),
    spread(mine.map(shareOf), percent),
    ofAll(({ refused }) => refused),
    ofAll(({ answered, inTime }) => answered - inTime),
    ofAll(({ errors }) => errors),
    digits(middle(({ refusalP99Us }) => refusalP99Us / 1_000)),
    digits(middle(({ p99Us }) => p99Us / 1_000)),
    seconds(middle(recoveryOf)),
    digits(middle(({ lagP99Us }) => lagP99Us / 1_000)),
    `${mine.filter((run) => run.void !== null).length} of ${mine.length}`,
  ];
}

/** MB that each process holds alone. */
function memoryTable(runs: readonly OverloadRun[]): Table {
  const rows = groupsOf(runs).flatMap(({ subject, factor, mine }) =>
    Object.keys(mine[0]!.memory).map((title) => {
      const of = (read: 'beforeBytes' | 'afterBytes') =>
        spread(
          mine.flatMap(({ memory }) => memory[title]?.[read] ?? []),
          megabytes,
        );
      return [subject, String(factor), title, of('beforeBytes'), of('afterBytes')];
    }),
  );
  return { head: ['model', '× capacity', 'process', 'MB before', 'MB afterwards'], rows };
}

const subjectsOf = (runs: readonly OverloadRun[]) => [...new Set(runs.map(({ subject }) => subject))];

function groupsOf(runs: readonly OverloadRun[]) {
  const factors = [...new Set(runs.map(({ factor }) => factor))];
  return subjectsOf(runs).flatMap((subject) =>
    factors.flatMap((factor) => {
      const mine = runs.filter((run) => run.subject === subject && run.factor === factor);
      return mine.length === 0 ? [] : [{ subject, factor, mine }];
    }),
  );
}
