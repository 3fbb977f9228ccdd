import type { LatencyModel, Work } from '@jitney/core';

/** A latency model that knows from the start, and learns nothing. */
export function latencyOf(predict: (work: Work) => number, given: Partial<LatencyModel> = {}): LatencyModel {
  return { predict, margin: 1, isReliable: true, observe: () => {}, ...given };
}
