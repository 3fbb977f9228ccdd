import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, inferBinary, splitBinary } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { sharedFolder } from '../support/shared.js';

/* A sentence encoder as tensors: golden token ids in, its golden embeddings after mean pooling. */

const MINILM = sharedFolder('models', 'minilm');
const WIDTH = 384;

interface Golden {
  readonly ids: readonly number[];
  readonly embedding: readonly number[];
}

describe.skipIf(!MINILM.isThere)(`the sentence encoder ${MINILM.where}`, () => {
  let jitney: RunningJitney;
  let golden: readonly Golden[];
  beforeAll(async () => {
    const lines = readFileSync(join(MINILM.path, 'golden', 'embeddings.jsonl'), 'utf8')
      .trim()
      .split('\n');
    golden = lines.map((line) => JSON.parse(line));
    jitney = await startJitney([MINILM.path], { args: ['--log-level', 'silent'] });
  }, 120_000);
  afterAll(() => jitney.stop());

  it('is found in its Hugging Face folder, as tensors', async () => {
    const { text } = await get(jitney.port, '/v2/models/minilm');
    expect(JSON.parse(text).outputs).toEqual([{ name: 'last_hidden_state', datatype: 'FP32', shape: [-1, -1, WIDTH] }]);
  });

  it('gives each golden text its embedding, alone', async () => {
    const embeddings = await Promise.all(golden.map(({ ids }) => embed(jitney.port, [ids])));
    for (const [i, [embedding]] of embeddings.entries()) {
      expect(cosine(embedding as number[], (golden[i] as Golden).embedding)).toBeGreaterThanOrEqual(0.99999);
    }
  }, 60_000);

  it('and padded in batches of eight', async () => {
    for (let from = 0; from < 32; from += 8) {
      const part = golden.slice(from, from + 8);
      const embeddings = await embed(
        jitney.port,
        part.map(({ ids }) => ids),
      );
      for (const [i, embedding] of embeddings.entries()) {
        expect(cosine(embedding, (part[i] as Golden).embedding)).toBeGreaterThanOrEqual(0.99999);
      }
    }
  }, 60_000);
});

/** One embedding for each list of token ids; shorter ones are padded and masked. */
async function embed(port: number, texts: readonly (readonly number[])[]): Promise<number[][]> {
  const length = Math.max(...texts.map((ids) => ids.length));
  const shape = [texts.length, length];
  const padded = (value: (ids: readonly number[], at: number) => number) =>
    BigInt64Array.from(texts.flatMap((ids) => Array.from({ length }, (_, at) => BigInt(value(ids, at)))));
  const columns = {
    input_ids: padded((ids, at) => ids[at] ?? 0),
    attention_mask: padded((ids, at) => (at < ids.length ? 1 : 0)),
    token_type_ids: padded(() => 0),
  };
  const inputs = Object.entries(columns).map(([name, { byteLength }]) => ({
    name,
    shape,
    datatype: 'INT64',
    parameters: { binary_data_size: byteLength },
  }));
  const blobs = Object.values(columns).map(({ buffer }) => new Uint8Array(buffer));
  const answer = await inferBinary(port, 'minilm', { inputs, parameters: { binary_data_output: true } }, ...blobs);
  expect(answer.status).toBe(200);
  const { blob } = splitBinary(answer);
  const hidden = new Float32Array(Uint8Array.from(blob).buffer);
  return texts.map((ids, row) => normalise(meanOf(hidden.subarray(row * length * WIDTH), ids.length)));
}

/** The mean of the first `count` tokens' vectors: padding is left out. */
function meanOf(hidden: Float32Array, count: number): number[] {
  return Array.from({ length: WIDTH }, (_, i) => {
    let sum = 0;
    for (let token = 0; token < count; token++) sum += hidden[token * WIDTH + i] as number;
    return sum / count;
  });
}

function normalise(vector: readonly number[]): number[] {
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
  return dot / (Math.hypot(...a) * Math.hypot(...b));
}
