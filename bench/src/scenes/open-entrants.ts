import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contender } from '../contenders/contender.js';
import { openInference } from '../contenders/dialect.js';
import { Examination } from '../contenders/examination.js';
import { jitney } from '../contenders/jitney.js';
import { enterPeers } from '../contenders/peers/enter.js';
import { withDeadline } from '../load/deadline.js';
import type { SceneModel } from '../models/scene-model.js';
import type { Stage } from './scene.js';
import type { PeerScene } from './with-peers.js';

/** Who takes part in an open scene, and in what. */
export interface OpenEntrants {
  readonly model: SceneModel;
  readonly examination: Examination;
  readonly jitney: Contender;
  readonly peers: readonly Contender[];
  /** Settings of the peers, and why others are not among them. */
  readonly notes: readonly string[];
}

/** @param scene The closed scene of the same model: peers have the settings that are best in it. */
export async function enterOpen(stage: Stage, scene: PeerScene): Promise<OpenEntrants> {
  const folder = join(stage.folder, scene.name);
  await mkdir(folder);
  const model = await scene.plant(join(folder, 'models'));
  const examination = await Examination.of(model);
  const peers = await enterPeers({ ...stage, folder, scene: scene.name }, examination);
  for (const note of peers.notes) stage.say(note);
  return {
    model,
    examination,
    jitney: jitneyContender(stage, examination),
    peers: peers.contenders,
    notes: peers.notes,
  };
}

/** Jitney with its defaults. @param folder What it serves instead of the model's own folder. */
export function jitneyContender(stage: Stage, examination: Examination, folder = examination.model.folder): Contender {
  const asking = examination.in(openInference);
  const options = { paths: [folder], cacheFolder: join(stage.folder, 'cache') };
  return { ...jitney(stage.children, asking.request, options), ...asking };
}

/** The same asked with a deadline. Its answers are checked as before. */
export function withDeadlines(contender: Contender, timeoutMs: number): Contender {
  const { request, requests = [request] } = contender;
  const hurried = requests.map((each) => withDeadline(each, timeoutMs));
  return { ...contender, request: hurried[0]!, requests: hurried };
}
