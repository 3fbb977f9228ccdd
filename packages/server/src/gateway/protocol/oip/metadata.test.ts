import { describe, expect, it } from 'vitest';
import type { LoadedModel } from '../../../wire/messages.js';
import { modelMetadata, serverMetadata } from './metadata.js';

const MODEL: LoadedModel = {
  name: 'digits',
  version: '2',
  target: 0,
  platform: 'onnxruntime_onnx',
  signature: {
    inputs: [{ name: 'image', dtype: 'FP32', shape: ['batch', 28, null], optional: false }],
    outputs: [
      { name: 'scores', dtype: 'FP32', shape: ['batch', 10], optional: false },
      { name: 'anything', dtype: 'BYTES', shape: null, optional: false },
    ],
  },
  batching: { mode: 'rows', maxRows: 32, shared: [], sensitive: false, reason: 'said so' },
  task: 'tensor',
  description: '',
  schema: null,
  example: null,
  properties: {},
  warnings: [],
  loadMs: 1,
  requestTimeoutMs: null,
  memory: { hostBytes: 0, deviceBytes: 0 },
  runtime: '',
};

describe('metadata', () => {
  it('of a model shows its own shapes, the batch dimension included, with -1 for what is free', () => {
    expect(modelMetadata(MODEL, ['1', '2'])).toEqual({
      name: 'digits',
      versions: ['1', '2'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'image', datatype: 'FP32', shape: [-1, 28, -1] }],
      outputs: [
        { name: 'scores', datatype: 'FP32', shape: [-1, 10] },
        { name: 'anything', datatype: 'BYTES', shape: [-1] },
      ],
    });
  });

  it('of the server names only the extensions it has', () => {
    expect(serverMetadata({ name: 'jitney', version: '0.1.0' })).toEqual({
      name: 'jitney',
      version: '0.1.0',
      extensions: ['binary_tensor_data', 'parameters'],
    });
  });
});
