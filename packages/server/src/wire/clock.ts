import { performance } from 'node:perf_hooks';
import type { Clock, Moment } from '@jitney/core';

/** Longest delay that setTimeout takes, in ms. */
const MAX_DELAY_MS = 0x7fff_ffff;

const SAMPLES = 16;

/**
 * What lies between `performance.now()`, which counts from the start of the process, and the machine's monotonic clock.
 * Both read the same clock, so it never changes; it is taken from the sample that was interrupted least.
 */
const OFFSET_MS = calibrate();

function calibrate(): number {
  let leastMs = Number.POSITIVE_INFINITY;
  let offsetMs = 0;
  for (let i = 0; i < SAMPLES; i++) {
    const before = performance.now();
    const machineMs = Number(process.hrtime.bigint()) / 1e6;
    const tookMs = performance.now() - before;
    if (tookMs >= leastMs) continue;
    leastMs = tookMs;
    offsetMs = machineMs - before - tookMs / 2;
  }
  return offsetMs;
}

/** Milliseconds of the machine's monotonic clock, comparable between processes of this machine to a few microseconds. */
export function now(): Moment {
  return performance.now() + OFFSET_MS;
}

/** Real time. */
export const realClock: Clock = {
  now,
  at: callAt,
  soon: (callback) => void setImmediate(callback),
};

/** A timer may fire up to 1 ms early and takes no delay above 2^31 ms: whoever is early waits for the rest. */
function callAt(moment: Moment, callback: () => void): () => void {
  if (moment === Number.POSITIVE_INFINITY) return () => {};
  const fire = () => {
    if (now() < moment) timer = wait();
    else callback();
  };
  const wait = () => setTimeout(fire, Math.min(MAX_DELAY_MS, Math.max(0, Math.ceil(moment - now()))));
  let timer = wait();
  return () => clearTimeout(timer);
}
