import type { Moment } from '@jitney/core';
import { seededRandom } from '../../load/index.js';
import type { RunTimes } from '../run-times.js';

/** Each run takes longer or shorter by a factor of mean 1 whose logarithm is normal. @param spread Its standard deviation. */
export function noisy(runTimes: RunTimes, { spread, seed }: { spread: number; seed: number }): RunTimes {
  const random = seededRandom(seed);
  return (work, atMs) => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return runTimes(work, atMs) * Math.exp(spread * normal - (spread * spread) / 2);
  };
}

/** All runs that begin from this moment on take so many times as long. */
export function slowedFrom(runTimes: RunTimes, { atMs: from, factor }: { atMs: Moment; factor: number }): RunTimes {
  return (work, atMs) => runTimes(work, atMs) * (atMs >= from ? factor : 1);
}

/** In every other period runs take so many times as long. */
export function alternating(runTimes: RunTimes, { periodMs, factor }: { periodMs: number; factor: number }): RunTimes {
  return (work, atMs) => runTimes(work, atMs) * (Math.floor(atMs / periodMs) % 2 === 1 ? factor : 1);
}
