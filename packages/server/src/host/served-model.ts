import type { Lane, LaneStats, Pipeline, Schema } from '@jitney/core';
import type { LoadedModel } from '../wire/messages.js';

/** What a host holds of one model: its lane, and the pipeline around it. */
export interface ServedModel {
  readonly loaded: LoadedModel;
  readonly lane: Lane;
  readonly pipeline: Pipeline;
  /** Schema of one item, where own code has one: tells one input from a list of them. */
  readonly itemSchema: Schema | null;
  /** The lane's, with a call of own code that does not return counted as a run. */
  stats(): LaneStats;
}
