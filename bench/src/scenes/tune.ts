import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Examination } from '../contenders/examination.js';
import { keepBest } from '../contenders/peers/best-settings.js';
import { readyPeers } from '../contenders/peers/enter.js';
import { describeSettings, type Peer, type Settings } from '../contenders/peers/peer.js';
import { peerContender } from '../contenders/peers/running-peer.js';
import { digits, median } from '../results/statistics.js';
import { type ComparisonRun, compare, type Point, pointName } from './comparison.js';
import { imageTensorPeers } from './image-tensor.js';
import { modelBoundPeers } from './model-bound.js';
import type { Stage } from './scene.js';
import { smallJsonPeers } from './small-json.js';
import { rate } from './standings.js';
import { transformerPeers } from './transformer.js';
import type { PeerScene } from './with-peers.js';

/** Scenes whose peers have settings to choose. */
export const TUNED_SCENES: readonly PeerScene[] = [smallJsonPeers, imageTensorPeers, modelBoundPeers, transformerPeers];

const DURATIONS = { warmUpMs: 500, measureMs: 1_000 };

/**
 * Tries every setting of every peer in a scene, once a round, and keeps the best of each in `bench/peers/best.json`: the one with
 * the highest requests/s over all points, as their geometric mean.
 */
export async function tune(stage: Stage, scene: PeerScene): Promise<void> {
  const folder = await mkdtemp(join(stage.folder, `${scene.name}-`));
  const examination = await Examination.of(await scene.plant(join(folder, 'models')));
  const { ready, skipped } = await readyPeers(stage.only);
  for (const line of skipped) stage.say(line);
  for (const peer of ready) {
    const place = join(folder, peer.name);
    await mkdir(place);
    const best = await tunePeer({ ...stage, folder: place }, { scene, peer, examination });
    if (best === null) continue;
    await keepBest(scene.name, { [peer.name]: best });
    stage.say(`${scene.name}: ${peer.title} is best with ${describeSettings(best)}`);
  }
}

interface Tuning {
  readonly scene: PeerScene;
  readonly peer: Peer;
  readonly examination: Examination;
}

/** In each round every setting takes its turn. */
async function tunePeer(stage: Stage, { scene, peer, examination }: Tuning): Promise<Settings | null> {
  const grid = peer.grid(examination.model.name);
  const contenders = grid.map((settings) => ({
    ...peerContender(stage, peer, examination, settings),
    name: `${peer.title}, ${describeSettings(settings)}`,
  }));
  const points = scene.points.filter(({ isBusy }) => isBusy !== true);
  const { runs } = await compare({ ...stage, say: () => {} }, { contenders, points, ...DURATIONS });
  const means = contenders.map(({ name }) => meanRate(runs, name, points));
  for (const [at, { name }] of contenders.entries()) stage.say(`${scene.name}: ${name}: ${digits(means[at]!)}/s`);
  const most = Math.max(...means);
  return most > 0 ? grid[means.indexOf(most)]! : null;
}

/** Of the medians at each point; 0 where it did not answer rightly at all of them. */
function meanRate(runs: readonly ComparisonRun[], name: string, points: readonly Point[]): number {
  const rates = points.map((point) => {
    return median(runs.filter((run) => run.contender === name && run.point === pointName(point)).map(rate));
  });
  const mean = Math.exp(rates.reduce((sum, value) => sum + Math.log(value), 0) / rates.length);
  return Number.isNaN(mean) ? 0 : mean;
}
