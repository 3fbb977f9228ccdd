import type { Tensor } from '@jitney/core';
import { seededRandom } from '../load/index.js';

const SENTENCES = 64;
const MEDIAN_TOKENS = 24;
const SPREAD = 0.6;

/**
 * Token ids of sentences, and their masks: INT64 `[1,sequence]`. Their lengths are spread as those of written sentences,
 * log-normal (Williams 1940): median 24 tokens, 6 to 128.
 */
export function sentences(): readonly (readonly Tensor[])[] {
  const random = seededRandom(23);
  return Array.from({ length: SENTENCES }, () => {
    const length = Math.round(Math.min(128, Math.max(6, MEDIAN_TOKENS * Math.exp(SPREAD * normal(random)))));
    const ids = BigInt64Array.from({ length }, () => BigInt(1_000 + Math.floor(random() * 25_000)));
    const tensor = (name: string, data: BigInt64Array): Tensor => ({ name, dtype: 'INT64', shape: [1, length], data });
    return [tensor('input_ids', ids), tensor('attention_mask', new BigInt64Array(length).fill(1n))];
  });
}

/** Box and Muller 1958. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
