/*
 * The lane is the host's own, out of the server's build: what is simulated is what serves, not a copy of it.
 */
export type { Executor } from '../../../packages/server/dist/host/lane/executor.js';
export type { RunRecord } from '../../../packages/server/dist/host/lane/observer.js';
export {
  createOneShotLane,
  type OneShotLaneOptions,
} from '../../../packages/server/dist/host/lane/one-shot-lane.js';
export {
  LineObserver,
  type TracedEntry,
  type TraceHeader,
  type TraceLine,
} from '../../../packages/server/dist/host/trace/trace-lines.js';
