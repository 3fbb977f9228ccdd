import { join } from 'node:path';
import type { Contender } from '../contenders/contender.js';
import { openInference } from '../contenders/dialect.js';
import { Examination } from '../contenders/examination.js';
import { jitney } from '../contenders/jitney.js';
import { enterPeers } from '../contenders/peers/enter.js';
import { PEERS } from '../contenders/peers/index.js';
import type { SceneModel } from '../models/scene-model.js';
import { compare, estimateMinutes, type Point } from './comparison.js';
import type { Stage } from './scene.js';
import { Standings } from './standings.js';

/** What a scene with peers is about. */
export interface PeerScene {
  readonly name: string;
  readonly points: readonly Point[];
  plant(folder: string): Promise<SceneModel>;
}

export interface PeerComparison {
  readonly model: SceneModel;
  readonly standings: Standings;
  /** Settings of the peers, and why others were not measured. */
  readonly notes: readonly string[];
}

/**
 * Compares Jitney with its defaults and the peers with their best settings.
 * @param others Contenders of this scene alone, made once the model is there.
 */
export async function compareWithPeers(
  stage: Stage,
  scene: PeerScene,
  others: (model: SceneModel) => readonly Contender[] = () => [],
): Promise<PeerComparison> {
  const model = await scene.plant(join(stage.folder, 'models'));
  const examination = await Examination.of(model);
  const peers = await enterPeers({ ...stage, scene: scene.name }, examination);
  for (const note of peers.notes) stage.say(note);
  const contenders = [...others(model), ...itself(stage, examination), ...peers.contenders];
  const { runs, absences } = await compare(stage, { contenders, points: scene.points, ...durations(stage) });
  const standings = new Standings(
    runs,
    peers.contenders.map(({ name }) => name),
  );
  return { model, standings, notes: [...peers.notes, ...absences] };
}

function itself(stage: Stage, examination: Examination): Contender[] {
  if (stage.only !== undefined && !stage.only.includes('jitney')) return [];
  const { folder } = examination.model;
  const asking = examination.in(openInference);
  const options = { paths: [folder], cacheFolder: join(stage.folder, 'cache') };
  return [{ ...jitney(stage.children, asking.request, options), ...asking }];
}

/** How long a scene takes, about: Jitney, the peers, and one more for what the scene has of its own. */
export function peerSceneMinutes(stage: Pick<Stage, 'isQuick' | 'rounds'>, { points }: PeerScene): number {
  return estimateMinutes(stage, { points, ...durations(stage) }, PEERS.length + 2);
}

const durations = ({ isQuick }: Pick<Stage, 'isQuick'>) => ({ warmUpMs: 1_000, measureMs: isQuick ? 1_000 : 3_000 });
