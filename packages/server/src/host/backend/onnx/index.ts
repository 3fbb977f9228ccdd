/** The loader of native functions that this backend has set up: the process has one, and its first user sets it up. */
export { loadKoffi as nativeFunctions } from '@jitney/onnxruntime';
export { createOnnxBackend } from './onnx-backend.js';
