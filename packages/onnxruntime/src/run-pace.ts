import type { NumericArray, Tensor } from '@jitney/core';
import { isTensor, type Value } from './value.js';

/** Runs below this are made on the calling thread: handing one over costs 20 to 60 µs, and the loop can spare this. */
const SHORT_MS = 0.1;
/** A size whose asynchronous run took less than this, hand-over included, is tried on the calling thread. */
const TRIAL_MS = 1;
/** Asynchronous runs between a trial that was not short and the next; doubles each time. */
const FIRST_PAUSE = 16;
const LONGEST_PAUSE = 65_536;
/** Weight of the newest run in the mean. */
const NEWEST = 0.125;
/** The system may take the CPU away for some milliseconds: up to {@link STALL_MS} a run counts as no more than this. */
const OUTLIER_MS = 4 * SHORT_MS;
const STALL_MS = 10;
/** Sizes remembered; a client may choose them, so there is an end. */
const MAX_SIZES = 4096;
/** Whole numbers in inputs up to this size steer the work (trip counts, shapes): their magnitude counts as size. */
const STEERING_ELEMENTS = 8;

interface Pace {
  state: 'long' | 'trial' | 'short';
  meanMs: number;
  pause: number;
  nextPause: number;
}

/**
 * Learns by size of the inputs which runs of a session are short enough for the calling thread. A size not seen before
 * runs asynchronously; where that was quick, one run on the calling thread measures the work alone.
 */
export class RunPace {
  readonly #paces = new Map<number, Pace>();

  /** May a run of this size be made on the calling thread? */
  isShort(size: number): boolean {
    const pace = this.#paces.get(size);
    return pace !== undefined && pace.state !== 'long';
  }

  observeSync(size: number, tookMs: number): void {
    const pace = this.#pace(size);
    const countedMs = tookMs < STALL_MS ? Math.min(tookMs, OUTLIER_MS) : tookMs;
    pace.meanMs = pace.state === 'short' ? pace.meanMs + (countedMs - pace.meanMs) * NEWEST : countedMs;
    if (pace.meanMs < SHORT_MS) {
      pace.state = 'short';
      pace.nextPause = FIRST_PAUSE;
      return;
    }
    pace.state = 'long';
    pace.pause = pace.nextPause;
    pace.nextPause = Math.min(pace.nextPause * 2, LONGEST_PAUSE);
  }

  observeAsync(size: number, tookMs: number): void {
    const pace = this.#pace(size);
    if (pace.pause > 0) pace.pause--;
    else if (pace.state === 'long' && tookMs < TRIAL_MS) pace.state = 'trial';
  }

  #pace(size: number): Pace {
    const known = this.#paces.get(size);
    if (known !== undefined) return known;
    if (this.#paces.size >= MAX_SIZES) this.#paces.clear();
    const pace: Pace = { state: 'long', meanMs: 0, pause: 0, nextPause: FIRST_PAUSE };
    this.#paces.set(size, pace);
    return pace;
  }
}

/** Inputs of about equal work have equal sizes: powers of two of elements, and of the numbers that steer loops. */
export function sizeClass(inputs: readonly (Value | null)[]): number {
  let elements = 0;
  let steering = 0;
  for (let index = 0; index < inputs.length; index++) {
    const value = inputs[index] as Value | null;
    if (value === null) continue;
    if (!isTensor(value)) elements += countElements(value);
    else {
      elements += value.data.length;
      if (value.data.length <= STEERING_ELEMENTS && steers(value)) steering += magnitude(value.data as NumericArray);
    }
  }
  return bits(elements) + 64 * steering;
}

function countElements(value: Value): number {
  if (isTensor(value)) return value.data.length;
  switch (value.kind) {
    case 'sequence':
      return value.items.reduce((sum, item) => sum + countElements(item), 0);
    case 'map':
      return value.keys.data.length + value.values.data.length;
    case 'none':
      return 0;
  }
}

function steers({ dtype }: Tensor): boolean {
  return dtype === 'INT64' || dtype === 'INT32' || dtype === 'BOOL' || dtype === 'UINT8';
}

/** Bits of the numbers, summed. */
function magnitude(data: NumericArray): number {
  let sum = 0;
  for (let index = 0; index < data.length; index++) sum += bits(Math.abs(Number(data[index])));
  return sum;
}

function bits(count: number): number {
  return Math.ceil(Math.log2(count + 1));
}
