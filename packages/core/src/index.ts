export * from './backend.js';
export * from './define-model.js';
export * from './dtype.js';
export * from './errors.js';
export * from './lane.js';
export * from './pipeline.js';
export * from './signature.js';
export * from './tensor.js';
