export {
  defineModel,
  type Feed,
  type Feeds,
  InvalidInput,
  type ItemContext,
  type ModelDefinition,
  type Outputs,
  type OutputTensor,
} from '@jitney/core';
