export type { FileFormat, SniffedFormat } from './file-format.js';
export { inspectModelFile } from './inspect.js';
export { invalidModel, type ModelProblem, type ModelStage, quoteText } from './invalid-model.js';
export type {
  ExternalReference,
  GraphReport,
  GraphValue,
  LocalFunction,
  ModelFileReport,
  OperatorSet,
  OperatorUse,
  WeightFault,
  WeightReport,
} from './report.js';
export { ORT_1_30_LIMITS, type RuntimeLimits, runtimeLimits } from './runtime-limits.js';
export { sniffFormat } from './sniff.js';
export { type ValidateOptions, validateModelFile } from './validate.js';
