import type { NumericArray, Tensor } from '@jitney/core';
import { httpRequest, postJson } from '../load/index.js';
import type { SceneModel, SceneModelName } from '../models/scene-model.js';
import { binaryRequest, bytesOf, jsonRequest, plainNumbers } from '../models/tensor-request.js';

/** How a server is asked for one row, and how it answers. */
export interface Dialect {
  /** The bytes of HTTP. */
  write(model: SceneModel, question: readonly Tensor[]): Uint8Array;
  /** The values of the row it answered. */
  read(model: SceneModel, body: Buffer): ArrayLike<number>;
}

/** Pictures are sent as bytes by all, since no framework's users send 150,000 numbers in JSON. */
const isPicture = ({ name }: SceneModel) => name === 'identity' || name === 'resnet18';

/** The Open Inference Protocol; a picture as its binary extension. */
export const openInference: Dialect = {
  write: (model, question) => (isPicture(model) ? binaryRequest : jsonRequest)(model.name, question),
  read(model, body) {
    // The JSON before the bytes ends where they begin: its own length is in a header alone.
    if (isPicture(model)) return floats(body.subarray(body.length - 4 * elements(model.output.shape)));
    const { outputs } = JSON.parse(body.toString()) as { outputs: readonly { readonly data: readonly number[] }[] };
    return outputs[0]!.data;
  },
};

/** JSON of the tutorials, `{"data": […]}`, and bytes; `{"output": […]}` comes back. */
export function plain(paths: Readonly<Record<SceneModelName, string>>): Dialect {
  return {
    write(model, [first]) {
      const path = paths[model.name];
      if (isPicture(model)) return bytesRequest(path, first!);
      const field = model.name === 'encoder' ? 'ids' : 'data';
      return postJson(path, JSON.stringify({ [field]: plainNumbers(first!.data as NumericArray) }));
    },
    read: (model, body) => (isPicture(model) ? floats(body) : readJson<{ output: readonly number[] }>(body).output),
  };
}

/** Batches of one row, as BentoML's methods that batch take and give them. */
export function batchOfOne(paths: Readonly<Record<SceneModelName, string>>): Dialect {
  return {
    write(model, [first]) {
      const path = paths[model.name];
      if (isPicture(model)) return bytesRequest(path, first!);
      const field = model.name === 'encoder' ? 'sentences' : 'data';
      return postJson(path, JSON.stringify({ [field]: [plainNumbers(first!.data as NumericArray)] }));
    },
    read: (model, body) => (isPicture(model) ? floats(body) : readJson<readonly (readonly number[])[]>(body)[0]!),
  };
}

function bytesRequest(path: string, { data }: Tensor): Uint8Array {
  return httpRequest({ path, headers: { 'Content-Type': 'application/octet-stream' }, body: bytesOf(data) });
}

const readJson = <T>(body: Buffer) => JSON.parse(body.toString()) as T;

function floats(bytes: Buffer): Float32Array {
  // A copy: the bytes need not begin where a float may.
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

const elements = (shape: readonly number[]) => shape.reduce((count, size) => count * size, 1);
