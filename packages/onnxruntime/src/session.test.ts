import { describe, expect, it } from 'vitest';
import { createSession } from './index.js';
import { buildModel } from './testing/onnx-writer.js';

const ADD = buildModel({
  inputs: [
    { name: 'a', dtype: 'FP32', shape: ['n', 2] },
    { name: 'b', dtype: 'FP32', shape: ['n', 2] },
  ],
  outputs: [{ name: 'sum', dtype: 'FP32', shape: ['n', 2] }],
  nodes: [{ op: 'Add', inputs: ['a', 'b'], outputs: ['sum'] }],
});

describe('a model made from bytes', () => {
  it('tells its signature and adds', async () => {
    const session = await createSession(ADD);
    expect(session.inputs).toEqual([
      { name: 'a', kind: 'tensor', dtype: 'FP32', shape: ['n', 2], optional: false },
      { name: 'b', kind: 'tensor', dtype: 'FP32', shape: ['n', 2], optional: false },
    ]);
    const a = { name: 'a', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) } as const;
    const b = { name: 'b', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(10, 20) } as const;
    const expected = [{ name: 'sum', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(11, 22) }];
    expect(session.run([a, b], { mode: 'sync' })).toEqual(expected);
    expect(await session.run([b, a], { mode: 'async' })).toEqual(expected);
    await session.dispose();
  });
});
