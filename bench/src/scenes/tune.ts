import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Examination } from '../contenders/examination.js';
import { keepBest } from '../contenders/peers/best-settings.js';
import { readyPeers } from '../contenders/peers/enter.js';
import { describeSettings, type Peer, type Settings } from '../contenders/peers/peer.js';
import { peerContender } from '../contenders/peers/running-peer.js';
import { digits } from '../results/statistics.js';
import { compare, type Point } from './comparison.js';
import { imageTensorPeers } from './image-tensor.js';
import { modelBoundPeers } from './model-bound.js';
import type { Stage } from './scene.js';
import { smallJsonPeers } from './small-json.js';
import { transformerPeers } from './transformer.js';
import type { PeerScene } from './with-peers.js';

/** Scenes whose peers have settings to choose. */
export const TUNED_SCENES: readonly PeerScene[] = [smallJsonPeers, imageTensorPeers, modelBoundPeers, transformerPeers];

const DURATIONS = { warmUpMs: 500, measureMs: 1_000 };

/**
 * Tries every setting of every peer in a scene once, and keeps the best of each in `bench/peers/best.json`: the one with
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
    const best = await tunePeer({ ...stage, folder: place, rounds: 1 }, { scene, peer, examination });
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

async function tunePeer(stage: Stage, { scene, peer, examination }: Tuning): Promise<Settings | null> {
  let [best, most]: [Settings | null, number] = [null, 0];
  for (const settings of peer.grid(examination.model.name)) {
    const contender = peerContender(stage, peer, examination, settings);
    const mean = await meanRate({ ...stage, say: () => {} }, contender, scene.points);
    stage.say(`${scene.name}: ${peer.title}, ${describeSettings(settings)}: ${digits(mean)}/s`);
    if (mean > most) [best, most] = [settings, mean];
  }
  return best;
}

/** Geometric, over the points of a quiet machine; 0 where it did not answer rightly. */
async function meanRate(
  stage: Stage,
  contender: Parameters<typeof compare>[1]['contenders'][0],
  points: readonly Point[],
) {
  const quiet = points.filter(({ isBusy }) => isBusy !== true);
  const { runs } = await compare(stage, { contenders: [contender], points: quiet, ...DURATIONS });
  if (runs.length < quiet.length) return 0;
  return Math.exp(runs.reduce((sum, { requestsPerSecond }) => sum + Math.log(requestsPerSecond), 0) / runs.length);
}
