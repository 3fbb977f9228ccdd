import { GraphBuilder } from './graph-builder.js';
import { IMAGE, imageQuestion } from './image.js';
import { plantNetwork, type SceneModel } from './scene-model.js';

/** `y = x` of a picture's 602,112 bytes: all that is left to do is to carry them. */
export function plantIdentity(folder: string): Promise<SceneModel> {
  const graph = new GraphBuilder(0);
  graph.output('y', 'Identity', ['x']);
  return plantNetwork(folder, 'identity', {
    network: graph.network(),
    inputs: [{ name: 'x', dtype: 'FP32', shape: IMAGE }],
    output: { name: 'y', dtype: 'FP32', shape: IMAGE },
    questions: [imageQuestion()],
  });
}
