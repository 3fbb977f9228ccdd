import { GraphBuilder, ints } from './graph-builder.js';
import { IMAGE, imageQuestion } from './image.js';
import { type Network, plantNetwork, type SceneModel } from './scene-model.js';

const CLASSES = 1_000;
const STAGES = [64, 128, 256, 512];

/**
 * ResNet-18 (He et al. 2015, table 1): 11.7 million parameters, x FP32 `[batch,3,224,224]` → y FP32 `[batch,1000]`, with
 * random weights of the usual size. Its batch norms stand in the file as training leaves them; runtimes fold them.
 */
export function plantResnet18(folder: string): Promise<SceneModel> {
  return plantNetwork(folder, 'resnet18', {
    network: resnet18(),
    inputs: [{ name: 'x', dtype: 'FP32', shape: IMAGE }],
    output: { name: 'y', dtype: 'FP32', shape: [CLASSES] },
    questions: [imageQuestion()],
  });
}

function resnet18(): Network {
  const graph = new GraphBuilder(17);
  const stem = relu(graph, convolution(graph, 'x', { from: 3, to: 64, kernel: 7, stride: 2 }));
  const pool = { kernel_shape: ints(3, 3), strides: ints(2, 2), pads: ints(1, 1, 1, 1) };
  let value = graph.node('MaxPool', [stem], pool);
  for (const [stage, width] of STAGES.entries()) {
    value = block(graph, value, STAGES[stage - 1] ?? width, width);
    value = block(graph, value, width, width);
  }
  classify(graph, value);
  return graph.network();
}

interface Convolution {
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride: number;
}

/** Two convolutions beside a shortcut, which has one of its own where the width changes. */
function block(graph: GraphBuilder, input: string, from: number, to: number): string {
  const stride = from === to ? 1 : 2;
  const first = relu(graph, convolution(graph, input, { from, to, kernel: 3, stride }));
  const second = convolution(graph, first, { from: to, to, kernel: 3, stride: 1 });
  const shortcut = from === to ? input : convolution(graph, input, { from, to, kernel: 1, stride });
  return relu(graph, graph.node('Add', [second, shortcut]));
}

function classify(graph: GraphBuilder, input: string): void {
  const pooled = graph.node('Flatten', [graph.node('GlobalAveragePool', [input])]);
  const bound = 1 / Math.sqrt(512);
  graph.output('y', 'Gemm', [pooled, graph.weight([512, CLASSES], 0, bound), graph.weight([CLASSES], 0, bound)]);
}

/** A convolution and its batch norm. */
function convolution(graph: GraphBuilder, input: string, { from, to, kernel, stride }: Convolution): string {
  // He et al. 2015 (delving deep into rectifiers), for a uniform distribution.
  const filter = graph.weight([to, from, kernel, kernel], 0, Math.sqrt(6 / (to * kernel * kernel)));
  const pad = (kernel - 1) / 2;
  const attributes = {
    kernel_shape: ints(kernel, kernel),
    strides: ints(stride, stride),
    pads: ints(pad, pad, pad, pad),
  };
  const convolved = graph.node('Conv', [input, filter], attributes);
  const [scale, shift] = [graph.weight([to], 0.75, 0.25), graph.weight([to], 0, 0.1)];
  const [mean, variance] = [graph.weight([to], 0, 0.1), graph.weight([to], 1, 0.5)];
  return graph.node('BatchNormalization', [convolved, scale, shift, mean, variance], { epsilon: { float: 1e-5 } });
}

const relu = (graph: GraphBuilder, input: string) => graph.node('Relu', [input]);
