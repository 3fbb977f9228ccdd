import type { Children } from '../../processes/children.js';
import type { Contender } from '../contender.js';
import type { Examination } from '../examination.js';
import { bestSettings } from './best-settings.js';
import { PEERS } from './index.js';
import { type Installation, installPeers } from './installation.js';
import { describeSettings, type Peer } from './peer.js';
import { peerContender } from './running-peer.js';

export interface Entering {
  /** The scene they enter. */
  readonly scene: string;
  /** Names of peers that take part; all where there is none. */
  readonly only?: readonly string[];
  readonly children: Children;
  /** Temporary, of the scene. */
  readonly folder: string;
}

export interface Entrants {
  readonly contenders: readonly Contender[];
  /** Their settings, and why others are not among them: a line each. */
  readonly notes: readonly string[];
}

/** The peers that can be had here, each with the settings that are best for it in the scene. */
export async function enterPeers(entering: Entering, examination: Examination): Promise<Entrants> {
  const { ready, skipped } = await readyPeers(entering.only);
  const { name } = examination.model;
  const found = ready.map((peer) => ({ peer, settings: bestSettings(entering.scene, peer, name) }));
  return {
    contenders: found.map(({ peer, settings }) => peerContender(entering, peer, examination, settings)),
    notes: [
      ...found.map(
        ({ peer, settings }) => `${peer.title}: ${describeSettings(settings)}, of ${peer.grid(name).length}.`,
      ),
      ...skipped.map((line) => `${line}.`),
    ],
  };
}

const installations = new Map<string, Promise<Installation>>();

/** Installs each once in this process. */
export function readyPeers(only?: readonly string[]): Promise<Installation> {
  const wanted: readonly Peer[] = PEERS.filter(({ name }) => only === undefined || only.includes(name));
  const key = wanted.map(({ name }) => name).join();
  const installation = installations.get(key) ?? installPeers(wanted);
  installations.set(key, installation);
  return installation;
}
