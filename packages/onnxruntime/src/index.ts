export type { ModelMetadata } from './metadata.js';
export * from './model-file/index.js';
export { loadKoffi } from './native/koffi.js';
export { listProviders } from './native/providers.js';
export { runtimeVersion } from './native/runtime.js';
export { OrtError } from './native/status.js';
export { createSession, terminateAll } from './onnxruntime.js';
export type { Allocate, RunOptions } from './run-plan.js';
export type { Session, SessionState } from './session.js';
export {
  DEFAULT_SPIN_US,
  type GraphOptimization,
  type LogLevel,
  type ProviderOptions,
  type RunMode,
  type SessionOptions,
} from './session-options.js';
export {
  describeShape,
  describeType,
  type EmptyValue,
  isTensor,
  type MapValue,
  type SequenceValue,
  type Value,
  type ValueSpec,
  type ValueType,
} from './value.js';
