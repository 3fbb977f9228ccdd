import { DTYPES, type Dtype } from '@jitney/core';
import { addModel, identityModel } from '../../packages/onnxruntime/src/testing/models.js';
import { buildModel } from '../../packages/onnxruntime/src/testing/onnx-writer.js';
import { type Files, inOneHost } from '../support/model-tree.js';

/** `fp32`, `int64`, `bytes` …: `y = x` of that dtype, `[n,3]`. */
const identityName = (dtype: Dtype): string => dtype.toLowerCase();

/** Every dtype of the protocol as an identity, and models whose arithmetic is obvious. All in one host. */
export function protocolModels(): Files {
  const identities = DTYPES.map((dtype) => [identityName(dtype), identityModel(dtype)] as const);
  return {
    ...inOneHost({
      ...Object.fromEntries(identities),
      // sum = a + b, [n,2]
      two: addModel(),
      sums: sumsModel(),
      // y = x, of one element that may be raw
      word: identityModel('BYTES', [1]),
      // y = x, with two dimensions that vary
      grid: identityModel('FP32', ['n', 'm', 'k']),
    }),
    ...versions(),
  };
}

/** `plus = x + 1`, `minus = x - 1`, `same = x`: three outputs whose order a request may choose. */
function sumsModel(): Uint8Array {
  const value = (name: string) => ({ name, dtype: 'FP32', shape: ['n', 2] }) as const;
  return buildModel({
    inputs: [value('x')],
    outputs: [value('plus'), value('minus'), value('same')],
    initializers: [{ name: 'one', dtype: 'FP32', shape: [2], data: Float32Array.of(1, 1) }],
    nodes: [
      { op: 'Add', inputs: ['x', 'one'], outputs: ['plus'] },
      { op: 'Sub', inputs: ['x', 'one'], outputs: ['minus'] },
      { op: 'Identity', inputs: ['x'], outputs: ['same'] },
    ],
  });
}

/** A model of two versions, of which the higher one is served, as Triton lays them out. */
function versions(): Files {
  return {
    'versioned/1/model.onnx': identityModel('FP32'),
    'versioned/2/model.onnx': identityModel('FP32'),
    'versioned/model.json': JSON.stringify({ host: 'together' }),
  };
}
