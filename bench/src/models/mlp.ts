import type { Tensor } from '@jitney/core';
import { seededRandom } from '../load/index.js';
import { GraphBuilder } from './graph-builder.js';
import { type Network, plantNetwork, type SceneModel } from './scene-model.js';

const WIDTHS = [30, 64, 64, 2];

/**
 * The small model of every comparison: a perceptron of three layers, x FP32 [batch,30] → y FP32 [batch,2], whose run
 * takes microseconds, so that what is measured is the server. Weights are random from a seed.
 */
export function plantMlp(folder: string): Promise<SceneModel> {
  return plantNetwork(folder, 'mlp', {
    network: mlp(),
    inputs: [{ name: 'x', dtype: 'FP32', shape: [30] }],
    output: { name: 'y', dtype: 'FP32', shape: [2] },
    questions: [features()],
  });
}

function mlp(): Network {
  const graph = new GraphBuilder(7);
  let value = 'x';
  for (const [layer, width] of WIDTHS.slice(1).entries()) {
    const from = WIDTHS[layer]!;
    const dense = [value, graph.weight([from, width], 0, 2 / Math.sqrt(from)), graph.weight([width], 0, 0.5)];
    if (layer < WIDTHS.length - 2) value = graph.node('Relu', [graph.node('Gemm', dense)]);
    else graph.output('y', 'Gemm', dense);
  }
  return graph.network();
}

/** Thirty numbers of four digits, as measured features have. */
function features(): readonly Tensor[] {
  const random = seededRandom(11);
  const data = Float32Array.from({ length: 30 }, () => Number((random() * 4 - 2).toFixed(4)));
  return [{ name: 'x', dtype: 'FP32', shape: [1, 30], data }];
}
