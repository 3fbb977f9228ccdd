import { type RawLoopReport, runRawLoop } from '../contenders/raw-loop.js';
import { plantResnet18 } from '../models/resnet18.js';
import type { Figure, SceneReport, Table } from '../results/report.js';
import { digits, median, spread } from '../results/statistics.js';
import { pointName } from './comparison.js';
import type { Scene, Stage } from './scene.js';
import { bestPeerFigure, cpuUs, p50Ms, p99Figure, type Standings, serversTable } from './standings.js';
import { compareWithPeers, type PeerScene, peerSceneMinutes } from './with-peers.js';

const POINTS = ['1', '8', '32'];
const BUSY = { connections: 1, isBusy: true };
const ASKED_CPU_RATIO = 1.05;
const ASKED_BUSY_RATIO = 2.2;

export const modelBoundPeers: PeerScene = {
  name: 'model-bound',
  points: [{ connections: 1 }, { connections: 8 }, { connections: 32 }, BUSY],
  plant: plantResnet18,
};

/** A network that keeps the cores busy: what a server can add is waste. */
export const modelBound: Scene = {
  name: 'model-bound',
  about:
    'ResNet-18 (11.7 million parameters, random weights), a picture of 602,112 bytes a request as bytes, closed loop; at 1 connection also while another program keeps one of the cores busy. Beside the servers: ONNX Runtime alone in a loop, at the batch and the threads at which a row takes it the least CPU.',
  minutes: (stage) => peerSceneMinutes(stage, modelBoundPeers),
  async run(stage) {
    const { model, standings, notes } = await compareWithPeers(stage, modelBoundPeers);
    const loops = await rawLoops(stage, model.file);
    return report(standings, loops, notes);
  },
};

interface RawLoop extends RawLoopReport {
  readonly rows: number;
  readonly threads: number;
}

const rowCpuUs = ({ cpuUs, rows }: RawLoop) => cpuUs / rows;

/** All sizes once, then the best of them as often as there are rounds. */
async function rawLoops(stage: Stage, model: string): Promise<RawLoop[]> {
  const run = async (rows: number, threads: number, ms: number): Promise<RawLoop> => {
    const loop = { rows, threads, ...(await runRawLoop(stage.children, { model, rows, threads, ms })) };
    stage.record({ contender: 'raw loop', ...loop });
    return loop;
  };
  const loops: RawLoop[] = [];
  for (const rows of [1, 2, 4, 8]) for (const threads of [1, 2]) loops.push(await run(rows, threads, 1_000));
  const { rows, threads } = bestOf(loops);
  for (let round = 1; round <= stage.rounds; round++) loops.push(await run(rows, threads, stage.isQuick ? 500 : 3_000));
  return loops;
}

const bestOf = (loops: readonly RawLoop[]) => [...loops].sort((a, b) => rowCpuUs(a) - rowCpuUs(b))[0]!;

/** The size that was measured again, once it was found to be the best. */
function chosenOf(loops: readonly RawLoop[]): readonly RawLoop[] {
  const { rows, threads } = loops.at(-1)!;
  return loops.filter((loop) => loop.rows === rows && loop.threads === threads);
}

function report(standings: Standings, loops: readonly RawLoop[], notes: readonly string[]): SceneReport {
  return {
    figures: [
      ...POINTS.map((point) => cpuFigure(standings, loops, point)),
      ...POINTS.map((point) => bestPeerFigure(standings, point, 1)),
      ...POINTS.map((point) => p99Figure(standings, point, standings.peersAt(point).slice(0, 1))),
      busyFigure(standings),
    ],
    tables: [serversTable(standings), loopsTable(loops)],
    trust: `${notes.join(' ')} A point is some hundred requests, so its p99 is the second or third slowest. What else runs on two cores moves all of it.`,
  };
}

function cpuFigure(standings: Standings, loops: readonly RawLoop[], point: string): Figure {
  const loopUs = median(chosenOf(loops).map(rowCpuUs));
  const ratios = standings.at('Jitney', point).map((run) => cpuUs(run) / loopUs);
  return {
    what: `CPU a request at ${point}, over the raw loop’s at its best`,
    asked: `≤ ${ASKED_CPU_RATIO} ×`,
    measured: ratios.length === 0 ? 'not measured' : spread(ratios, (ratio) => ratio.toFixed(3), '×'),
    isMet: median(ratios) <= ASKED_CPU_RATIO,
  };
}

function busyFigure(standings: Standings): Figure {
  const ratios = standings.at('Jitney', pointName(BUSY)).flatMap((busy) => {
    const quiet = standings.at('Jitney', '1').find(({ round }) => round === busy.round);
    return quiet === undefined ? [] : [p50Ms(busy) / p50Ms(quiet)];
  });
  return {
    what: 'p50 at 1 connection with one core taken, over the quiet one',
    asked: `≤ ${ASKED_BUSY_RATIO} ×`,
    measured: ratios.length === 0 ? 'not measured' : spread(ratios, (ratio) => ratio.toFixed(2), '×'),
    isMet: median(ratios) <= ASKED_BUSY_RATIO,
  };
}

function loopsTable(loops: readonly RawLoop[]): Table {
  const sizes = [...new Set(loops.map(({ rows, threads }) => `${rows} ${threads}`))];
  return {
    head: ['raw loop, rows a run', 'threads', 'ms a row', 'CPU ms a row'],
    rows: sizes.map((size) => {
      const mine = loops.filter(({ rows, threads }) => `${rows} ${threads}` === size);
      const [rows, threads] = size.split(' ') as [string, string];
      const perRow = (read: (loop: RawLoop) => number) =>
        spread(
          mine.map((loop) => read(loop) / 1_000),
          digits,
        );
      return [rows, threads, perRow((loop) => loop.runUs / loop.rows), perRow(rowCpuUs)];
    }),
  };
}
