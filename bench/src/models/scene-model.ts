import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor } from '@jitney/core';
import {
  buildModel,
  type Constant,
  type NodeDeclaration,
} from '../../../packages/onnxruntime/dist/testing/onnx-writer.js';
import type { PlantedModel } from './planted-model.js';
import { bytesOf, jsonRequest } from './tensor-request.js';

export type SceneModelName = 'mlp' | 'identity' | 'resnet18' | 'encoder';

/** A model of a scene with peers: what all of them serve, and what they are asked. */
export interface SceneModel extends PlantedModel, Examination {
  readonly name: SceneModelName;
  /** Its weights for a peer that builds the network itself: see `bench/peers/fastapi-pytorch/networks.py`. */
  readonly weights: string;
}

export interface Examination {
  readonly inputs: readonly Row[];
  readonly output: Row;
  /** The inputs of each request, one row each; they are sent in turn. */
  readonly questions: readonly (readonly Tensor[])[];
}

/** What one row of a tensor is. */
export interface Row {
  readonly name: string;
  readonly dtype: 'FP32' | 'INT64';
  /** Without the batch; -1 where rows differ. */
  readonly shape: readonly number[];
}

/** What a network is built from. */
export interface Network {
  readonly nodes: readonly NodeDeclaration[];
  /** In the order of PyTorch's state dict, matrices as `[in,out]`. */
  readonly weights: readonly Constant[];
  /** Shapes and other constants of the graph. */
  readonly constants: readonly Constant[];
}

/** Writes a network below `folder`: a folder to serve, and its weights beside it. */
export async function plantNetwork(
  folder: string,
  name: SceneModelName,
  { network, ...examination }: { readonly network: Network } & Examination,
): Promise<SceneModel> {
  const place = { folder: join(folder, name, 'serve'), weights: join(folder, name, 'weights.f32') };
  const file = join(place.folder, name, 'model.onnx');
  await mkdir(join(place.folder, name), { recursive: true });
  await writeFile(file, modelFile(network, examination));
  await writeFile(place.weights, Buffer.concat(network.weights.map(({ data }) => bytesOf(data as Float32Array))));
  return { name, file, ...place, ...examination, request: jsonRequest(name, examination.questions[0]!) };
}

function modelFile({ nodes, weights, constants }: Network, { inputs, output }: Examination): Uint8Array {
  const value = ({ name, dtype, shape }: Row) => {
    return { name, dtype, shape: ['batch', ...shape.map((size) => (size === -1 ? 'sequence' : size))] };
  };
  return buildModel({
    inputs: inputs.map(value),
    outputs: [value(output)],
    nodes,
    initializers: [...weights, ...constants],
  });
}
