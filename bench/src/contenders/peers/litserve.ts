import { plain } from '../dialect.js';
import { commonEnv, hostings, type Peer, product, type Settings } from './peer.js';

const ALONE: Settings = { maxBatch: 1, windowMs: 0 };
const BATCHED: readonly Settings[] = product({ maxBatch: [16, 64], windowMs: [2] });

export const litserve: Peer = {
  name: 'litserve',
  title: 'LitServe',
  dialect: plain({ mlp: '/predict', identity: '/predict', resnet18: '/predict', encoder: '/predict' }),
  grid: (model) =>
    hostings(model, 'workers').flatMap((host) => [ALONE, ...BATCHED].map((batching) => ({ ...host, ...batching }))),
  command(launch) {
    const { environment, port, settings } = launch;
    return {
      line: [`${environment}/bin/python`, 'server.py', String(port)],
      env: {
        ...commonEnv(launch),
        WORKERS: String(settings.workers),
        MAX_BATCH: String(settings.maxBatch),
        WINDOW_MS: String(settings.windowMs),
      },
    };
  },
};
