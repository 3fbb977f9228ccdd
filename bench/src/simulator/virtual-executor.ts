import type { Batch, Tensor } from '@jitney/core';
import type { Executor } from './lane.js';
import type { RunTimes } from './run-times.js';
import type { VirtualClock } from './virtual-clock.js';

/** Nothing is computed: answers have no tensors. */
const NO_OUTPUTS: Tensor[] = [];

/** Shorter runs hold the loop in a host, which makes them on its own thread; longer ones let it go on. */
const AT_ONCE_BELOW_MS = 0.1;

/** Makes runs that take virtual time and nothing else. */
export class VirtualExecutor implements Executor {
  readonly #clock: VirtualClock;
  readonly #runTimes: RunTimes;

  constructor(clock: VirtualClock, runTimes: RunTimes) {
    this.#clock = clock;
    this.#runTimes = runTimes;
  }

  beforeRun(): void {
    // A virtual run ends no process.
  }

  run({ tensors }: Batch): Tensor[] | Promise<Tensor[]> {
    const rows = tensors[0]!.shape[0]!;
    const now = this.#clock.now();
    const ms = this.#runTimes({ rows, units: rows }, now);
    if (ms >= AT_ONCE_BELOW_MS) return new Promise((resolve) => this.#clock.at(now + ms, () => resolve(NO_OUTPUTS)));
    this.#clock.pass(ms);
    return NO_OUTPUTS;
  }
}
