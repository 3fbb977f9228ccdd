export { type OnnxBackendOptions, onnxBackend } from './onnx-backend.js';
