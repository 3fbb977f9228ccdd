import { type Batch, JitneyError, type NumericArray, type Tensor } from '@jitney/core';
import type { Executor } from '../executor.js';

/** A run that waits for the test. */
export interface HeldRun {
  readonly batch: Batch;
  /** The values of the first input, all rows. */
  readonly values: readonly number[];
  readonly signal: AbortSignal;
  /** Lets it finish with y = 2x. Resolves once the lane has dealt with the answer. */
  release(): Promise<void>;
  /** Lets it finish with something else. */
  releaseWith(outputs: Tensor[]): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** A row that holds this value fails its run. */
export const BAD = -1;

/**
 * A model whose arithmetic is obvious: `y = 2x` for the first input `x`, and `z = x + 1000`. Runs are held until the
 * test lets them go, or made at once.
 */
export class DoublingExecutor implements Executor {
  /** Runs in flight, the oldest first. */
  readonly held: HeldRun[] = [];
  /** The values of the first input of every run so far. */
  readonly batches: (readonly number[])[] = [];
  /** The entries of every run that was announced, and `run` for each run: shows what came first. */
  readonly log: (readonly number[] | 'run')[] = [];
  #isHolding: boolean;

  constructor(mode: 'held' | 'at once') {
    this.#isHolding = mode === 'held';
  }

  /** The only run in flight. */
  get only(): HeldRun {
    if (this.held.length !== 1) throw new Error(`${this.held.length} runs are in flight, not one`);
    return this.held[0] as HeldRun;
  }

  beforeRun(entryIds: readonly number[]): void {
    this.log.push(entryIds);
  }

  run(batch: Batch, signal: AbortSignal): Tensor[] | Promise<Tensor[]> {
    const values = Array.from((batch.tensors[0] as Tensor).data as ArrayLike<number>);
    this.batches.push(values);
    this.log.push('run');
    return this.#isHolding ? this.#hold(batch, values, signal) : double(batch);
  }

  /** Lets everything go, what is in flight and what comes. */
  async releaseAll(): Promise<void> {
    this.#isHolding = false;
    for (const run of [...this.held]) await run.release();
  }

  #hold(batch: Batch, values: readonly number[], signal: AbortSignal): Promise<Tensor[]> {
    const { promise, resolve, reject } = withResolvers<Tensor[]>();
    const end = async (settle: () => void) => {
      this.held.splice(this.held.indexOf(run), 1);
      settle();
      await promise.then(
        () => {},
        () => {},
      );
    };
    const run: HeldRun = {
      batch,
      values,
      signal,
      release: () => end(() => settleWith(batch, resolve, reject)),
      releaseWith: (outputs) => end(() => resolve(outputs)),
      fail: (error) => end(() => reject(error)),
    };
    this.held.push(run);
    return promise;
  }
}

function settleWith(batch: Batch, resolve: (outputs: Tensor[]) => void, reject: (thrown: unknown) => void): void {
  try {
    resolve(double(batch));
  } catch (thrown) {
    reject(thrown);
  }
}

function double({ tensors, outputs }: Batch): Tensor[] {
  const { dtype, shape, data } = tensors[0] as Tensor;
  const x = data as Float32Array;
  if (x.includes(BAD)) throw new JitneyError('MODEL_ERROR', `the model cannot take ${BAD}`);
  const all: Tensor[] = [
    { name: 'y', dtype, shape, data: x.map((value) => 2 * value) as NumericArray },
    { name: 'z', dtype, shape, data: x.map((value) => value + 1000) as NumericArray },
  ];
  return outputs === null ? all : outputs.map((name) => all.find((tensor) => tensor.name === name) as Tensor);
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (thrown: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
