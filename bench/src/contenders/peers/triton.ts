import type { Row, SceneModel } from '../../models/scene-model.js';
import { openInference } from '../dialect.js';
import { commonEnv, hostings, type Peer, product, type Settings } from './peer.js';

const ALONE: Settings = { maxBatch: 1, windowMs: 0 };
const BATCHED: readonly Settings[] = product({ maxBatch: [64], windowMs: [0, 1] });

const TYPES = { FP32: 'TYPE_FP32', INT64: 'TYPE_INT64' };

/** The server inside nvidia-pytriton's wheel: it has no ONNX Runtime backend, so a Python backend calls it. */
export const triton: Peer = {
  name: 'triton',
  title: 'Triton (Python backend)',
  dialect: openInference,
  grid: (model) =>
    hostings(model, 'instances').flatMap((host) => [ALONE, ...BATCHED].map((batching) => ({ ...host, ...batching }))),
  command(launch) {
    const { environment, port, folder, model, settings } = launch;
    return {
      line: ['./start', String(port), folder],
      env: { ...commonEnv(launch), ENVIRONMENT: environment, CONFIG: modelConfig(model, settings) },
    };
  },
};

/** A config.pbtxt. */
function modelConfig({ name, inputs, output }: SceneModel, { instances, maxBatch, windowMs }: Settings): string {
  const batching = maxBatch === 1 ? '' : `dynamic_batching { max_queue_delay_microseconds: ${windowMs! * 1_000} }`;
  return `
name: "${name}"
backend: "python"
max_batch_size: ${maxBatch}
input [ ${inputs.map(tensor).join(', ')} ]
output [ ${tensor(output)} ]
instance_group [ { kind: KIND_CPU, count: ${instances} } ]
${batching}
`;
}

const tensor = ({ name, dtype, shape }: Row) =>
  `{ name: "${name}", data_type: ${TYPES[dtype]}, dims: [ ${shape.join(', ')} ]${shape.includes(-1) ? ', allow_ragged_batch: true' : ''} }`;
