import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contender } from '../contenders/contender.js';
import { jitney } from '../contenders/jitney.js';
import { PEERS } from '../contenders/peers/index.js';
import { plantWide } from '../models/wide.js';
import { inOneReport, type SceneReport } from '../results/report.js';
import { digits } from '../results/statistics.js';
import { type Capacity, capacities, describeCapacities, responseMs } from './closed-loops.js';
import { goodputFigure } from './goodput-figure.js';
import { modelBoundPeers } from './model-bound.js';
import { enterOpen, withDeadlines } from './open-entrants.js';
import { goodput, OpenStandings } from './open-standings.js';
import { type OpenPoint, openTurns, openTurnsMinutes } from './open-turns.js';
import type { Scene, Stage } from './scene.js';
import { plantWindows } from './windows.js';

const LOADS = [0.5, 0.7];
const CV = 4;
/** The target, over what one request takes alone. */
const SLO_OVER_ALONE = 5;
const WINDOWS_MS = [1, 2, 5, 10, 20, 50];
const SHORT_WINDOWS_MS = [2, 10, 50];

/** Requests that come in bursts, and a time within which an answer is worth something. */
export const bursts: Scene = {
  name: 'bursts',
  about:
    'Gamma arrivals whose gaps vary by 4 times their mean, at 0.5 and 0.7 of a capacity. The target is 5 times what a request takes Jitney alone; what is answered later counts for nothing. Jitney’s requests carry it as their deadline, which the peers have no word for. First ResNet-18 among peers, everyone at the same rate, of the capacity of whoever has the most; then Jitney against itself, with its default and with fixed delay windows, and a model of 134 MB whose runs take almost as long for one row as for many: what a window could gain most with. In a round everyone gets the same moments.',
  minutes: (stage) =>
    3 +
    openTurnsMinutes(stage, PEERS.length + 1, LOADS.length, amongPeersMs(stage)) +
    openTurnsMinutes(stage, windowsOf(stage).length + 1, LOADS.length, amongWindowsMs(stage)),
  async run(stage) {
    const parts = [await amongPeers(stage), await amongWindows(stage)];
    return {
      ...inOneReport(parts),
      trust: parts.map(({ trust }) => trust).join(' '),
    };
  },
};

type Lengths = Pick<Stage, 'isQuick' | 'isShort'>;
const windowsOf = ({ isShort }: Lengths) => (isShort === true ? SHORT_WINDOWS_MS : WINDOWS_MS);
const amongPeersMs = ({ isQuick, isShort }: Lengths) => (isQuick ? 4_000 : isShort ? 4_000 : 20_000);
const amongWindowsMs = ({ isQuick, isShort }: Lengths) => (isQuick ? 3_000 : isShort ? 3_000 : 12_000);

async function amongPeers(stage: Stage): Promise<SceneReport> {
  const { jitney: plain, peers, notes } = await enterOpen(stage, modelBoundPeers);
  const sloMs = await targetOf(stage, plain);
  const found = await capacities(stage, [plain, ...peers], capacityPlan(stage, 8));
  const contenders = [withDeadlines(plain, sloMs), ...peers];
  const points = pointsOf('ResNet-18', found, sloMs);
  const { runs, absences } = await openTurns(stage, contenders, { points, measureMs: amongPeersMs(stage) });
  const standings = new OpenStandings(runs);
  const names = peers.map(({ name }) => name);
  return {
    figures: points.map(({ name }) => {
      const [best = null] = standings.ranked(names, name, goodput);
      return goodputFigure(standings, { point: name, other: best, what: 'the best peer’s', least: 1.3 });
    }),
    tables: [standings.table()],
    trust: `ResNet-18: target ${sloMs} ms, capacity ${describeCapacities(found)}. ${[...notes, ...absences].join(' ')}`,
  };
}

async function amongWindows(stage: Stage): Promise<SceneReport> {
  const { plain, windows } = await enterWindows(stage);
  const sloMs = await targetOf(stage, plain);
  const found = await capacities(stage, [plain], capacityPlan(stage, 128));
  const points = pointsOf('wide', found, sloMs);
  const hurried = [plain, ...windows].map((contender) => withDeadlines(contender, sloMs));
  const { runs, absences } = await openTurns(stage, hurried, { points, measureMs: amongWindowsMs(stage) });
  const standings = new OpenStandings(runs);
  return {
    figures: points.map(({ name }) => {
      const all = windows.map((window) => window.name);
      const [best = null] = standings.ranked(all, name, goodput);
      return goodputFigure(standings, { point: name, other: best, what: 'the best fixed window’s', least: 0.98 });
    }),
    tables: [standings.table()],
    trust: `Windows: target ${sloMs} ms, capacity ${describeCapacities(found)}. ${absences.join(' ')}`,
  };
}

async function enterWindows(stage: Stage): Promise<{ plain: Contender; windows: readonly Contender[] }> {
  const folder = join(stage.folder, 'windows');
  await mkdir(folder);
  const model = await plantWide(join(folder, 'default'));
  const enter = (name: string, path: string): Contender => ({
    ...jitney(stage.children, model.request, { paths: [path], cacheFolder: join(folder, 'cache') }),
    name,
  });
  const windows: Contender[] = [];
  for (const { maxDelayMs, path } of await plantWindows(folder, model, windowsOf(stage))) {
    windows.push({ ...enter(`window of ${maxDelayMs} ms`, path), isOptional: true });
  }
  return { plain: enter('Jitney', model.folder), windows };
}

/** In whole milliseconds. */
async function targetOf(stage: Stage, contender: Contender): Promise<number> {
  return Math.ceil(SLO_OVER_ALONE * (await responseMs(contender, stage.isQuick ? 500 : 3_000)));
}

function capacityPlan({ isQuick }: Stage, connections: number) {
  return { connections, warmUpMs: 1_000, measureMs: isQuick ? 1_000 : 5_000 };
}

function pointsOf(model: string, [most]: readonly Capacity[], sloMs: number): OpenPoint[] {
  return LOADS.map((load) => {
    const ratePerSecond = load * most!.ratePerSecond;
    const name = `${model}, load ${load}: ${digits(ratePerSecond)}/s`;
    return { name, arrivals: { kind: 'gamma', cv: CV }, ratePerSecond, sloMs };
  });
}
