import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  buildModel,
  type Constant,
  type NodeDeclaration,
} from '../../../packages/onnxruntime/dist/testing/onnx-writer.js';
import { postJson } from '../load/index.js';
import type { PlantedModel } from './planted-model.js';
import { seededRandom } from './seeded-random.js';

const WIDTHS = [30, 64, 64, 2];

/**
 * The small model of every comparison: a perceptron of three layers, x FP32 [batch,30] → y FP32 [batch,2], whose run
 * takes microseconds, so that what is measured is the server. Weights are random from a seed.
 */
export async function plantMlp(folder: string): Promise<PlantedModel> {
  const file = join(folder, 'mlp', 'model.onnx');
  await mkdir(join(folder, 'mlp'), { recursive: true });
  await writeFile(file, mlp());
  return { folder, file, request: mlpRequest() };
}

function mlp(): Uint8Array {
  const random = seededRandom(7);
  const value = (name: string, width: number) => ({ name, dtype: 'FP32', shape: ['batch', width] }) as const;
  const layers = WIDTHS.slice(1).map((width, layer) => ({ from: WIDTHS[layer]!, width, layer }));
  return buildModel({
    inputs: [value('x', 30)],
    outputs: [value('y', 2)],
    initializers: layers.flatMap(({ from, width, layer }): Constant[] => [
      constant(`w${layer}`, [from, width], () => (random() - 0.5) * (4 / Math.sqrt(from))),
      constant(`b${layer}`, [width], () => random() - 0.5),
    ]),
    nodes: layers.flatMap(({ layer }): NodeDeclaration[] => {
      const isLast = layer === layers.length - 1;
      const dense = isLast ? 'y' : `dense${layer}`;
      const gemm = {
        op: 'Gemm',
        inputs: [layer === 0 ? 'x' : `hidden${layer}`, `w${layer}`, `b${layer}`],
        outputs: [dense],
      };
      return isLast ? [gemm] : [gemm, { op: 'Relu', inputs: [dense], outputs: [`hidden${layer + 1}`] }];
    }),
  });
}

function constant(name: string, shape: readonly number[], next: () => number): Constant {
  const data = Float32Array.from({ length: shape.reduce((count, size) => count * size, 1) }, next);
  return { name, dtype: 'FP32', shape, data };
}

/** Thirty numbers of four digits, as measured features have. */
function mlpRequest(): Uint8Array {
  const random = seededRandom(11);
  const data = Array.from({ length: 30 }, () => Number((random() * 4 - 2).toFixed(4)));
  const inputs = [{ name: 'x', shape: [1, 30], datatype: 'FP32', data }];
  return postJson('/v2/models/mlp/infer', JSON.stringify({ inputs }));
}
