import { plantEncoder } from '../models/encoder.js';
import type { Scene } from './scene.js';
import { bestPeerFigure, p99Figure, serversTable } from './standings.js';
import { compareWithPeers, type PeerScene, peerSceneMinutes } from './with-peers.js';

const POINTS = ['1', '8', '32'];

export const transformerPeers: PeerScene = {
  name: 'transformer',
  points: [{ connections: 1 }, { connections: 8 }, { connections: 32 }],
  plant: plantEncoder,
};

/** Work that differs from request to request. */
export const transformer: Scene = {
  name: 'transformer',
  about:
    'An encoder of MiniLM-L6’s size (6 layers of 384, 22.7 million parameters, random weights) over token ids in JSON, closed loop: 64 sentences whose lengths are spread as those of written ones, 6 to 128 tokens, median 24. Peers that batch pad to the longest of a batch; Jitney joins sentences of one length.',
  minutes: (stage) => peerSceneMinutes(stage, transformerPeers),
  async run(stage) {
    const { standings, notes } = await compareWithPeers(stage, transformerPeers);
    return {
      figures: [
        ...POINTS.map((point) => bestPeerFigure(standings, point, 1)),
        ...POINTS.map((point) => p99Figure(standings, point, standings.peersAt(point).slice(0, 1))),
      ],
      tables: [serversTable(standings)],
      trust: notes.join(' '),
    };
  },
};
