import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { postJson } from '../load/index.js';
import { ROOT } from '../places.js';

export const EXAMPLES_FOLDER = join(ROOT, 'examples', 'models');

export interface ExampleModel {
  readonly name: string;
  /** Size of its .onnx file, weights and graph. */
  readonly fileBytes: number;
  /** The first row of its golden inputs, over the tensor API. */
  readonly request: Uint8Array;
}

interface Golden {
  readonly tensors: {
    readonly inputs: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>>;
  };
}

/** The models that `npm start` serves. */
export function readExamples(): Promise<ExampleModel[]> {
  return Promise.all(['digits', 'fraud', 'recommender'].map(readExample));
}

async function readExample(name: string): Promise<ExampleModel> {
  const golden = JSON.parse(await readFile(join(EXAMPLES_FOLDER, name, 'golden.json'), 'utf8')) as Golden;
  const { size } = await stat(join(EXAMPLES_FOLDER, name, 'model.onnx'));
  const inputs = Object.entries(golden.tensors.inputs).map(([input, { shape, data }]) => ({
    name: input,
    shape: [1, ...shape.slice(1)],
    // The recommender's users are the one input of the three that is not of floats.
    datatype: input === 'user' ? 'INT64' : 'FP32',
    data: data.slice(0, data.length / shape[0]!),
  }));
  return { name, fileBytes: size, request: postJson(`/v2/models/${name}/infer`, JSON.stringify({ inputs })) };
}
