import { echo } from '../contenders/echo.js';
import { type RawLoopReport, runRawLoop } from '../contenders/raw-loop.js';
import { plantMlp } from '../models/mlp.js';
import type { Figure, SceneReport, Table } from '../results/report.js';
import { digits, median, spread } from '../results/statistics.js';
import type { ComparisonRun } from './comparison.js';
import type { Scene, Stage } from './scene.js';
import { type Column, cpuUs, p50Ms, p99Figure, rate, ratioFigure, type Standings, serversTable } from './standings.js';
import { compareWithPeers, type PeerScene, peerSceneMinutes } from './with-peers.js';

const CONNECTIONS = [1, 32, 128];
const TRITON = 'Triton (Python backend)';
const FASTAPI = 'FastAPI + onnxruntime';
const ASKED_MORE_MS = 0.3;

export const smallJsonPeers: PeerScene = {
  name: 'small-json',
  points: CONNECTIONS.map((connections) => ({ connections })),
  plant: plantMlp,
};

/** The smallest work a server can have: what it costs is the server itself. */
export const smallJson: Scene = {
  name: 'small-json',
  about:
    'A perceptron of 30 → 64 → 64 → 2, one row a request in JSON, closed loop. Beside Jitney with its defaults: a node:http server that parses the same JSON and answers in the same shape without a model, the peers with their best settings, and the runtime alone in a loop.',
  minutes: (stage) => peerSceneMinutes(stage, smallJsonPeers),
  async run(stage) {
    const { model, standings, notes } = await compareWithPeers(stage, smallJsonPeers, ({ request }) =>
      stage.only === undefined || stage.only.includes('echo') ? [echo(stage.children, request)] : [],
    );
    const loops = await rawLoops(stage, model.file, batchSizes(standings.runs));
    return report(standings, loops, notes);
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
  const sizes = seen.filter((rows) => !Number.isNaN(rows)).map((rows) => Math.round(rows));
  return [...new Set([1, ...sizes])].sort((a, b) => a - b);
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

function report(standings: Standings, loops: readonly RawLoop[], notes: readonly string[]): SceneReport {
  return {
    figures: figures(standings, loops),
    tables: [serversTable(standings, columns(standings)), loopsTable(loops)],
    trust: `${notes.join(' ')} Ratios are taken within each round. Requests/s and latencies are those of servers that share their cores with the load generator, whose CPU a request is in a column of its own, and with whatever else runs on the machine: compare them within the table only.`,
  };
}

function figures(standings: Standings, loops: readonly RawLoop[]): Figure[] {
  const ratio = (what: string, other: string, read: typeof rate, limit: { most: number } | { least: number }) =>
    ratioFigure(standings, { what, other, point: '128', read, limit });
  return [
    ratio('CPU a request at 128 connections, over the parsing echo’s', 'echo', cpuUs, { most: 1.6 }),
    ratio('requests/s at 128, over the echo’s', 'echo', rate, { least: 0.8 }),
    ratio(`requests/s at 128, over those of ${TRITON}`, TRITON, rate, { least: 1.5 }),
    ratio(`requests/s at 128, over those of ${FASTAPI}`, FASTAPI, rate, { least: 5 }),
    p99Figure(standings, '128', standings.peersAt('128')),
    aboveCallFigure(standings, loops),
    ratioFigure(standings, {
      what: `p50 at 1, over that of ${FASTAPI}`,
      other: FASTAPI,
      point: '1',
      read: p50Ms,
      limit: { most: 1 },
    }),
  ];
}

function aboveCallFigure(standings: Standings, loops: readonly RawLoop[]): Figure {
  const callMs = median(loops.filter(({ rows }) => rows === 1).map(({ runUs }) => runUs / 1_000));
  const above = standings.at('Jitney', '1').map((run) => p50Ms(run) - callMs);
  return {
    what: 'p50 at 1 connection, above the raw call of the model',
    asked: `≤ ${ASKED_MORE_MS} ms`,
    measured: above.length === 0 ? 'not measured' : spread(above, digits, 'ms'),
    isMet: median(above) <= ASKED_MORE_MS,
  };
}

function columns(standings: Standings): Column[] {
  return [
    { head: 'gateway + host', cell: (runs, contender) => (contender === 'Jitney' ? partsOf(runs) : '') },
    {
      head: 'CPU × echo',
      cell: (_runs, contender, point) => {
        const ratios = standings.ratios(contender, 'echo', point, cpuUs);
        return ratios.length === 0 ? '' : median(ratios).toFixed(2);
      },
    },
    { head: 'load generator’s CPU µs', cell: (runs) => digits(median(runs.map((run) => run.generatorCpuUs))) },
  ];
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
