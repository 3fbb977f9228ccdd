import type { Tensor } from '@jitney/core';
import { seededRandom } from '../load/index.js';

/** A picture as networks for ImageNet take it: channels, height, width. */
export const IMAGE = [3, 224, 224] as const;

/** `x`, FP32 `[1,3,224,224]`: values as of a normalised picture. */
export function imageQuestion(): readonly Tensor[] {
  const random = seededRandom(13);
  const data = Float32Array.from({ length: 3 * 224 * 224 }, () => random() * 4 - 2);
  return [{ name: 'x', dtype: 'FP32', shape: [1, ...IMAGE], data }];
}
