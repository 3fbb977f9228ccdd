import { plantIdentity } from '../models/identity.js';
import type { Scene } from './scene.js';
import { bestPeerFigure, serversTable } from './standings.js';
import { compareWithPeers, type PeerScene, peerSceneMinutes } from './with-peers.js';

const ASKED_RATIO = 2;

export const imageTensorPeers: PeerScene = {
  name: 'image-tensor',
  points: [{ connections: 1 }, { connections: 8 }],
  plant: plantIdentity,
};

/** What it costs to carry a picture in and out. */
export const imageTensor: Scene = {
  name: 'image-tensor',
  about:
    'A picture of 602,112 bytes (FP32, 3 × 224 × 224) through a model that answers it unchanged, as bytes both ways, closed loop: by the protocol’s binary extension for Jitney and Triton, as the bare body for the others.',
  minutes: (stage) => peerSceneMinutes(stage, imageTensorPeers),
  async run(stage) {
    const { standings, notes } = await compareWithPeers(stage, imageTensorPeers);
    return {
      figures: ['1', '8'].map((point) => bestPeerFigure(standings, point, ASKED_RATIO)),
      tables: [serversTable(standings)],
      trust: `${notes.join(' ')} The load generator reads every answer on the same cores.`,
    };
  },
};
