import { join } from 'node:path';
import type { Contender } from '../contenders/contender.js';
import { openInference } from '../contenders/dialect.js';
import { Examination } from '../contenders/examination.js';
import { jitney } from '../contenders/jitney.js';
import { plantIdentity } from '../models/identity.js';
import { plantMlp } from '../models/mlp.js';
import type { SceneModel } from '../models/scene-model.js';
import { type Figure, inOneReport, type SceneReport } from '../results/report.js';
import { digits, median, spread } from '../results/statistics.js';
import { type ComparisonRun, compare, estimateMinutes, pointName } from './comparison.js';
import type { Scene, Stage } from './scene.js';
import { cpuUs, p50Ms, p99Ms, rate, Standings, serversTable } from './standings.js';

interface Subject {
  readonly name: string;
  readonly plant: (folder: string) => Promise<SceneModel>;
  readonly connections: readonly number[];
}

const SUBJECTS: readonly Subject[] = [
  { name: 'small JSON', plant: plantMlp, connections: [1, 32, 128] },
  { name: 'image tensor', plant: plantIdentity, connections: [8] },
];
const ONE = '1 gateway';
const TWO = '2 gateways';

/** What a second gateway gives, and that it costs nothing where it gives nothing. */
export const gateways: Scene = {
  name: 'gateways',
  about:
    'The models of small-json and image-tensor, closed loop, with `--gateways 1` and with `--gateways 2` on the same cores: both in each round, one after the other, and the next round the other way round. Ratios are taken within each round. Hosts batch across gateways where runs hold as many rows as with one.',
  minutes: (stage) =>
    SUBJECTS.reduce((sum, { connections }) => sum + estimateMinutes(stage, planOf(stage, connections), 2), 0),
  async run(stage) {
    const parts: SceneReport[] = [];
    for (const subject of SUBJECTS) parts.push(await measureSubject(stage, subject));
    return {
      ...inOneReport(parts),
      trust: 'The load generator shares the cores with the gateways and the host.',
    };
  },
};

function planOf({ isQuick }: Pick<Stage, 'isQuick'>, connections: readonly number[]) {
  const points = connections.map((count) => ({ connections: count }));
  return { points, warmUpMs: 1_000, measureMs: isQuick ? 1_000 : 3_000 };
}

async function measureSubject(stage: Stage, { name, plant, connections }: Subject): Promise<SceneReport> {
  const model = await plant(join(stage.folder, name.replaceAll(' ', '-')));
  const asking = (await Examination.of(model)).in(openInference);
  const enter = (title: string, count: number): Contender => {
    const options = {
      paths: [model.folder],
      cacheFolder: join(stage.folder, 'cache'),
      args: ['--gateways', `${count}`],
    };
    return { ...jitney(stage.children, asking.request, options), ...asking, name: title };
  };
  const plan = planOf(stage, connections);
  const { runs } = await compare(stage, { contenders: [enter(ONE, 1), enter(TWO, 2)], ...plan });
  const standings = new Standings(runs, []);
  return {
    figures: plan.points.map(pointName).flatMap((point) => gatewayFigures(standings, name, point)),
    tables: [serversTable(standings)],
    trust: '',
  };
}

const MOST = 1.1;
const LEAST = 0.9;

/** Two gateways beside one, at one number of connections. */
function gatewayFigures(standings: Standings, subject: string, point: string): Figure[] {
  const figure = (what: string, read: (run: ComparisonRun) => number, isMore: boolean): Figure => {
    const ratios = standings.ratios(TWO, ONE, point, read).filter(Number.isFinite);
    const middle = median(ratios);
    return {
      what: `${subject} at ${point}: ${what} of 2 gateways, over that of 1`,
      asked: isMore ? `≥ ${LEAST} ×` : `≤ ${MOST} ×`,
      measured: ratios.length === 0 ? 'not measured' : spread(ratios, digits, '×'),
      isMet: isMore ? middle >= LEAST : middle <= MOST,
    };
  };
  return [
    figure('requests/s', rate, true),
    figure('p50', p50Ms, false),
    figure('p99', p99Ms, false),
    figure('CPU a request', cpuUs, false),
    figure('rows a batch', ({ batchRows }) => batchRows ?? Number.NaN, true),
  ];
}
