import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  buildModel,
  type Constant,
  type NodeDeclaration,
} from '../../../packages/onnxruntime/dist/testing/onnx-writer.js';
import { postJson, seededRandom } from '../load/index.js';
import type { PlantedModel } from './planted-model.js';

const INPUTS = 16;
const WIDTH = 2_048;
const LAYERS = 8;

/**
 * A model that gains the most from batches: its 134 MB of weights are read once a run, whether it has one row or many.
 * x FP32 `[batch,16]` → y FP32 `[batch,1]`.
 */
export async function plantWide(folder: string): Promise<PlantedModel> {
  const file = join(folder, 'wide', 'model.onnx');
  await mkdir(join(folder, 'wide'), { recursive: true });
  await writeFile(file, wide());
  const data = Array.from({ length: INPUTS }, (_, at) => at / INPUTS);
  const inputs = [{ name: 'x', shape: [1, INPUTS], datatype: 'FP32', data }];
  return { folder, file, request: postJson('/v2/models/wide/infer', JSON.stringify({ inputs })) };
}

function wide(): Uint8Array {
  const widths = [INPUTS, ...new Array<number>(LAYERS).fill(WIDTH), 1];
  const random = seededRandom(29);
  const last = widths.length - 2;
  const layers = widths.slice(1).map((to, layer) => ({ layer, from: widths[layer]!, to }));
  return buildModel({
    inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', INPUTS] }],
    outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch', 1] }],
    initializers: layers.map(({ layer, from, to }): Constant => {
      // He et al. 2015, for a uniform distribution: values keep their size from layer to layer.
      const bound = Math.sqrt(6 / from);
      const data = Float32Array.from({ length: from * to }, () => (2 * random() - 1) * bound);
      return { name: `w${layer}`, dtype: 'FP32', shape: [from, to], data };
    }),
    nodes: layers.flatMap(({ layer }): NodeDeclaration[] => {
      const product = layer === last ? 'y' : `p${layer}`;
      const dense = { op: 'MatMul', inputs: [layer === 0 ? 'x' : `h${layer}`, `w${layer}`], outputs: [product] };
      return layer === last ? [dense] : [dense, { op: 'Relu', inputs: [product], outputs: [`h${layer + 1}`] }];
    }),
  });
}
