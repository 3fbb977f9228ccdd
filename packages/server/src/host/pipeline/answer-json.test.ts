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
