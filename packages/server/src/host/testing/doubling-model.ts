import {
  type Batching,
  defineModel,
  InvalidInput,
  type ModelDefinition,
  type Pipeline,
  type Schema,
  type Signature,
} from '@jitney/core';
import * as z from 'zod';
import type { LoadedModel } from '../../wire/messages.js';
import { createOneShotLane } from '../lane/one-shot-lane.js';
import { DoublingExecutor } from '../lane/testing/doubling-executor.js';
import { ManualClock } from '../lane/testing/manual-clock.js';
import { createScriptPipeline } from '../pipeline/script.js';
import { createTensorPipeline } from '../pipeline/tensor.js';
import type { ServedModel } from '../served-model.js';

/** `x` → `y = 2x`, any number of rows of one value. */
export const SIGNATURE: Signature = {
  inputs: [{ name: 'x', dtype: 'FP32', shape: ['rows', 1], optional: false }],
  outputs: [{ name: 'y', dtype: 'FP32', shape: ['rows', 1], optional: false }],
};

export const ROWS: Batching = { mode: 'rows', maxRows: 8, shared: [], sensitive: false, reason: 'a test says so' };

/** `{ value }` → `{ doubled }`. A value of 13 is refused by `preprocess`, one of 14 makes `postprocess` throw. */
export const doubling = defineModel({
  model: './doubling.onnx',
  input: z.object({ value: z.number() }),
  output: z.object({ doubled: z.number() }),
  preprocess({ value }) {
    if (value === 13) throw new InvalidInput('13 brings bad luck');
    return { x: [value] };
  },
  postprocess({ y }, { input }) {
    if (input.value === 14) throw new Error('14 is odd enough');
    return { doubled: Number(y?.data[0]) };
  },
});

export interface Doubling {
  readonly served: ServedModel;
  readonly clock: ManualClock;
  readonly executor: DoublingExecutor;
  /** Turns the loop, promises and lane alike, until it is so. */
  until(isSo: () => boolean): Promise<void>;
}

export interface DoublingOptions {
  readonly mode?: 'held' | 'at once';
  /** `null`: the model without code of its own. Default: `doubling`. */
  readonly definition?: ModelDefinition | null;
  readonly batching?: Batching;
  readonly maxEntries?: number;
}

/** A served model whose arithmetic is obvious, with the real lane. */
export function serveDoubling(options: DoublingOptions = {}): Doubling {
  const { mode = 'at once', definition = doubling as ModelDefinition, batching = ROWS, maxEntries = 1_000 } = options;
  const clock = new ManualClock();
  const executor = new DoublingExecutor(mode);
  const lane = createOneShotLane({ batching, instances: 1, limits: { maxEntries, maxBytes: 1e9 }, clock, executor });
  const served: ServedModel = {
    loaded: { name: 'doubling', version: '1', signature: SIGNATURE, batching } as LoadedModel,
    lane,
    pipeline: pipelineOf(definition, batching),
    itemSchema: (definition?.input as Schema | undefined) ?? null,
    stats: () => lane.stats(),
  };
  const until = async (isSo: () => boolean) => {
    while (!isSo()) {
      clock.turn();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { served, clock, executor, until };
}

function pipelineOf(definition: ModelDefinition | null, batching: Batching): Pipeline {
  const model = { signature: SIGNATURE, batching };
  if (definition === null) return createTensorPipeline(model) as Pipeline;
  return createScriptPipeline(definition, model, () => ({ info() {}, warn() {}, error() {} }));
}
