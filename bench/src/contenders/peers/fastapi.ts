import type { SceneModelName } from '../../models/scene-model.js';
import { plain } from '../dialect.js';
import { commonEnv, hostings, type Launch, type Peer } from './peer.js';

/** The same HTTP program around two runtimes: uvicorn, one event loop a worker, no batching. */
const fastapi = {
  dialect: plain({ mlp: '/predict', identity: '/predict-image', resnet18: '/predict-image', encoder: '/embed' }),
  grid: (model: SceneModelName) => hostings(model, 'workers'),
  command(launch: Launch) {
    const { environment, port, settings } = launch;
    const options = ['--host', '127.0.0.1', '--port', String(port), '--workers', String(settings.workers)];
    return {
      line: [`${environment}/bin/uvicorn`, 'server:app', ...options, '--no-access-log', '--log-level', 'warning'],
      env: commonEnv(launch),
    } as const;
  },
};

export const fastapiPytorch: Peer = { name: 'fastapi-pytorch', title: 'FastAPI + PyTorch', ...fastapi };

export const fastapiOnnxruntime: Peer = {
  name: 'fastapi-onnxruntime',
  title: 'FastAPI + onnxruntime',
  ...fastapi,
};
