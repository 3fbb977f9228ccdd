import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SceneModelName } from '../../models/scene-model.js';
import { PEERS_FOLDER } from './installation.js';
import type { Peer, Settings } from './peer.js';

const FILE = join(PEERS_FOLDER, 'best.json');

/** By scene and peer: what `npm run bench -- tune` found best. */
type BestSettings = Readonly<Record<string, Readonly<Record<string, Settings>>>>;

function readBest(): BestSettings {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as BestSettings;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

/** The best of a peer's grid in a scene; the first where it was never tuned there, or its grid has changed since. */
export function bestSettings(scene: string, peer: Peer, model: SceneModelName): Settings {
  const grid = peer.grid(model);
  const found = JSON.stringify(readBest()[scene]?.[peer.name]);
  return grid.find((settings) => JSON.stringify(settings) === found) ?? grid[0]!;
}

/** Replaces what the file says of these peers in the scene. */
export async function keepBest(scene: string, found: Readonly<Record<string, Settings>>): Promise<void> {
  const before = readBest();
  const best = { ...before, [scene]: { ...before[scene], ...found } };
  await writeFile(FILE, `${JSON.stringify(best, null, 2)}\n`);
}
