import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { heavyModel } from '../../../packages/onnxruntime/dist/testing/models.js';
import { postJson } from '../load/index.js';
import { SHARED } from '../places.js';
import type { PlantedModel } from './planted-model.js';

export interface LargeModel extends PlantedModel {
  /** What it is, for the page. */
  readonly about: string;
}

const MINILM = join(SHARED, 'models', 'minilm', 'onnx', 'model.onnx');
const MADE_SIZE = 1_500;
const MADE_LAYERS = 10;

/** A model with 90 MB of weights: MiniLM where it is at hand, else a chain of products of matrices. */
export async function plantLargeModel(folder: string): Promise<LargeModel> {
  const file = join(folder, 'large', 'model.onnx');
  await mkdir(join(folder, 'large'), { recursive: true });
  if (existsSync(MINILM)) {
    await copyFile(MINILM, file);
    return { folder, file, request: tokensRequest(), about: 'all-MiniLM-L6-v2, 90 MB, 32 tokens a request' };
  }
  await writeFile(file, heavyModel(MADE_SIZE, MADE_LAYERS));
  const about = `${MADE_LAYERS} products with matrices of ${MADE_SIZE} × ${MADE_SIZE}, 90 MB`;
  return { folder, file, request: rowRequest(), about };
}

function tokensRequest(): Uint8Array {
  const tensor = (name: string, value: (at: number) => number) => ({
    name,
    shape: [1, 32],
    datatype: 'INT64',
    data: Array.from({ length: 32 }, (_, at) => value(at)),
  });
  return inferLarge([
    tensor('input_ids', (at) => 2_000 + at * 37),
    tensor('attention_mask', () => 1),
    tensor('token_type_ids', () => 0),
  ]);
}

function rowRequest(): Uint8Array {
  const data = Array.from({ length: MADE_SIZE }, (_, at) => at / MADE_SIZE);
  return inferLarge([{ name: 'x', shape: [1, MADE_SIZE], datatype: 'FP32', data }]);
}

function inferLarge(inputs: readonly object[]): Uint8Array {
  return postJson('/v2/models/large/infer', JSON.stringify({ inputs }));
}
