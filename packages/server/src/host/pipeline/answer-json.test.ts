import { describe, expect, it } from 'vitest';
import { answerJson } from './answer-json.js';

describe('an answer as JSON', () => {
  it.each([
    [{ a: [1, 'é'] }, '{"a":[1,"é"]}'],
    [Float32Array.of(0.5, 1), '[0.5,1]'],
    [{ ids: BigInt64Array.of(7n, 9007199254740993n) }, '{"ids":[7,"9007199254740993"]}'],
    [[1n, 2n ** 64n], '[1,"18446744073709551616"]'],
    [[Number.NaN, Number.POSITIVE_INFINITY], '[null,null]'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [undefined, 'null'],
    [null, 'null'],
  ])('%o', (answer, text) => {
    expect(answerJson(answer)).toBe(text);
  });

  it('names what is not finite where it is an object', () => {
    const answer = { score: Number.NaN, rows: [{ y: Float32Array.of(1, Number.NEGATIVE_INFINITY) }], fine: 'NaN' };
    expect(JSON.parse(answerJson(answer))).toEqual({
      score: null,
      rows: [{ y: [1, null] }],
      fine: 'NaN',
      nonFinite: [
        { at: 'score', value: 'NaN' },
        { at: 'rows.0.y.1', value: '-Infinity' },
      ],
    });
  });

  it('leaves an answer alone that says so by itself', () => {
    expect(answerJson({ y: Number.NaN, nonFinite: 1 })).toBe('{"y":null,"nonFinite":1}');
  });

  it('names the first hundred of many', () => {
    const { y, nonFinite } = JSON.parse(answerJson({ y: new Float32Array(1_000).fill(Number.NaN) }));
    expect([y.length, nonFinite.length]).toEqual([1_000, 100]);
  });

  it("is own code's fault where it holds itself", () => {
    const answer: Record<string, unknown> = {};
    answer.self = answer;
    expect(() => answerJson(answer)).toThrow(
      expect.objectContaining({
        code: 'USER_CODE_ERROR',
        message: expect.stringMatching(/^the answer cannot be written as JSON: .*circular/i),
      }),
    );
  });
});
