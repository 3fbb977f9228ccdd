import { batchOfOne } from '../dialect.js';
import { commonEnv, hostings, type Peer, product } from './peer.js';

const BATCHES = product({ maxBatch: [16, 64] });

/** Its batcher sizes windows itself; pictures come as files, which it does not batch. */
export const bentoml: Peer = {
  name: 'bentoml',
  title: 'BentoML',
  dialect: batchOfOne({ mlp: '/predict', identity: '/predict_image', resnet18: '/predict_image', encoder: '/embed' }),
  grid: (model) => {
    const hosts = hostings(model, 'workers');
    return model === 'mlp' || model === 'encoder'
      ? hosts.flatMap((host) => BATCHES.map((batch) => ({ ...host, ...batch })))
      : hosts;
  },
  command(launch) {
    const { environment, port, folder, settings } = launch;
    return {
      line: [`${environment}/bin/bentoml`, 'serve', 'service:Model', '--host', '127.0.0.1', '--port', String(port)],
      env: {
        ...commonEnv(launch),
        WORKERS: String(settings.workers),
        MAX_BATCH: String(settings.maxBatch ?? 16),
        BENTOML_HOME: folder,
        BENTOML_DO_NOT_TRACK: 'True',
      },
    };
  },
};
