import { join } from 'node:path';
import { echo } from '../contenders/echo.js';
import { jitney } from '../contenders/jitney.js';
import { type RawLoopReport, runRawLoop } from '../contenders/raw-loop.js';
import { plantMlp } from '../models/mlp.js';
import type { Figure, SceneReport, Table } from '../results/report.js';
import { digits, median, spread } from '../results/statistics.js';
import { type ComparisonRun, compare } from './comparison.js';
import type { Scene, Stage } from './scene.js';

const CONNECTIONS = [1, 32, 128];
const ASKED_RATIO = 2.5;

/** The smallest work a server can have: what it costs is the server itself. */
export const smallJson: Scene = {
  name: 'small-json',
  about:
    'A perceptron of 30 → 64 → 64 → 2 over the tensor API in JSON, one row a request, closed loop. Beside Jitney with its defaults: a node:http server that parses the same JSON and answers in the same shape without a model, and the runtime alone in a loop. All take turns, and start anew in each round.',
  async run(stage) {
    const model = await plantMlp(join(stage.folder, 'models'));
    const runs = await compare(stage, {
      contenders: [
        echo(stage.children, model.request),
        jitney(stage.children, model.request, { paths: [model.folder], cacheFolder: join(stage.folder, 'cache') }),
      ],
      connections: CONNECTIONS,
      warmUpMs: stage.isQuick ? 1_500 : 5_000,
      measureMs: stage.isQuick ? 700 : 4_000,
    });
    const loops = await rawLoops(stage, model.file, batchSizes(runs));
    return report(runs, loops);
  },
};

interface RawLoop extends RawLoopReport {
  readonly rows: number;
}

/** One row, and the mean batches that the servers formed. */
function batchSizes(runs: readonly ComparisonRun[]): number[] {
  const seen = CONNECTIONS.map((connections) =>
    median(runs.flatMap((run) => (run.connections === connections && run.batchRows !== null ? [run.batchRows] : []))),
  );
  return [...new Set([1, ...seen.map((rows) => Math.round(rows))])].sort((a, b) => a - b);
}

async function rawLoops(stage: Stage, model: string, sizes: readonly number[]): Promise<RawLoop[]> {
  const loops: RawLoop[] = [];
  for (let round = 1; round <= stage.rounds; round++) {
    for (const rows of sizes) {
      const loop = { rows, ...(await runRawLoop(stage.children, { model, rows, ms: stage.isQuick ? 200 : 1_000 })) };
      loops.push(loop);
      stage.record({ round, contender: 'raw loop', ...loop });
    }
  }
  return loops;
}

function report(runs: readonly ComparisonRun[], loops: readonly RawLoop[]): SceneReport {
  return {
    figures: [ratioFigure(runs)],
    tables: [serversTable(runs), loopsTable(loops)],
    trust:
      'The ratio is taken within each round, of two measurements seconds apart, so what slows both cancels out. Requests/s and latencies are those of servers that share their cores with the load generator, whose CPU a request is in the last column but one, and with whatever else runs on the machine: compare them within the table only.',
  };
}

/** Jitney's CPU a request over the echo's in the same round. */
function ratios(runs: readonly ComparisonRun[], connections: number): number[] {
  const at = runs.filter((run) => run.connections === connections);
  return at.flatMap((run) => {
    const pair = at.find(({ contender, round }) => contender === 'echo' && round === run.round);
    return run.contender === 'Jitney' && pair !== undefined ? [run.serverCpuUs / pair.serverCpuUs] : [];
  });
}

function ratioFigure(runs: readonly ComparisonRun[]): Figure {
  const found = ratios(runs, 128);
  return {
    what: 'CPU a request at 128 connections, over the parsing echo’s',
    asked: `≤ ${ASKED_RATIO} ×`,
    measured: spread(found, (ratio) => ratio.toFixed(2), '×'),
    isMet: median(found) <= ASKED_RATIO,
  };
}

function serversTable(runs: readonly ComparisonRun[]): Table {
  const rows = CONNECTIONS.flatMap((connections) =>
    ['echo', 'Jitney'].map((contender) => {
      const mine = runs.filter((run) => run.contender === contender && run.connections === connections);
      const values = (read: (run: ComparisonRun) => number) => mine.map(read);
      const failed = mine.reduce((sum, { failures }) => sum + Object.values(failures).reduce((a, b) => a + b, 0), 0);
      return [
        String(connections),
        contender,
        digits(median(values((run) => run.requestsPerSecond))),
        digits(median(values((run) => run.p50Us / 1_000))),
        digits(median(values((run) => run.p99Us / 1_000))),
        spread(
          values((run) => run.serverCpuUs),
          digits,
        ),
        contender === 'echo' ? '' : partsOf(mine),
        contender === 'echo' ? '1' : median(ratios(runs, connections)).toFixed(2),
        contender === 'echo' ? '' : digits(median(values((run) => run.batchRows ?? 1))),
        digits(median(values((run) => run.generatorCpuUs))),
        String(failed),
      ];
    }),
  );
  const head = [
    'connections',
    'server',
    'requests/s',
    'p50 ms',
    'p99 ms',
    'CPU µs a request',
    'gateway + host',
    '× echo',
    'rows a batch',
    'load generator’s CPU µs',
    'failed',
  ];
  return { head, rows };
}

/** What of the CPU is the gateway's and the host's. */
function partsOf(runs: readonly ComparisonRun[]): string {
  const part = (begin: string) =>
    digits(
      median(
        runs.map(({ serverCpuUsByTitle }) =>
          Object.entries(serverCpuUsByTitle).reduce((sum, [title, us]) => sum + (title.startsWith(begin) ? us : 0), 0),
        ),
      ),
    );
  return `${part('jitney gateway')} + ${part('jitney host')}`;
}

function loopsTable(loops: readonly RawLoop[]): Table {
  const sizes = [...new Set(loops.map(({ rows }) => rows))];
  return {
    head: ['raw loop, rows a run', 'µs a run', 'µs a row', 'CPU µs a row'],
    rows: sizes.map((size) => {
      const mine = loops.filter(({ rows }) => rows === size);
      return [
        String(size),
        spread(
          mine.map(({ runUs }) => runUs),
          digits,
        ),
        digits(median(mine.map(({ runUs }) => runUs / size))),
        digits(median(mine.map(({ cpuUs }) => cpuUs / size))),
      ];
    }),
  };
}
