import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeInferResponse, type InferResponse } from '../infer-response.js';
import { writeOrdinaryAnswer } from './ordinary-answer.js';

const name = fc.oneof(fc.string(), fc.constantFrom('y', 'é', '"', '\u2028'));
const output = fc.record({ name, data: fc.array(fc.float(), { maxLength: 6 }) }).map(({ name, data }) => ({
  name,
  dtype: 'FP32' as const,
  shape: [1, data.length],
  data: Float32Array.from(data),
}));

describe('an ordinary answer', () => {
  it('is what the encoder that knows all of the protocol writes', () => {
    fc.assert(
      fc.property(fc.option(name), name, fc.array(output, { minLength: 1, maxLength: 3 }), (id, model, outputs) => {
        const response: InferResponse = { id, model, version: '1', outputs, requested: null, binaryOutputs: false };
        const { chunks } = encodeInferResponse(response);
        expect(writeOrdinaryAnswer(response)?.toString()).toBe(Buffer.concat(chunks).toString());
      }),
    );
  });

  it.each<[string, Partial<InferResponse>]>([
    ['with binary outputs', { binaryOutputs: true }],
    ['with chosen outputs', { requested: [{ name: 'y', binary: null }] }],
    ['of another dtype', { outputs: [{ name: 'y', dtype: 'INT64', shape: [1], data: new BigInt64Array(1) }] }],
    ['of many elements', { outputs: [{ name: 'y', dtype: 'FP32', shape: [600], data: new Float32Array(600) }] }],
  ])('is not one %s', (_which, changes) => {
    const outputs = [{ name: 'y', dtype: 'FP32' as const, shape: [1], data: new Float32Array(1) }];
    const response = { id: null, model: 'm', version: '1', outputs, requested: null, binaryOutputs: false, ...changes };
    expect(writeOrdinaryAnswer(response)).toBeNull();
  });
});
