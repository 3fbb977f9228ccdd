import { JitneyError } from '@jitney/core';

/**
 * An answer as JSON text. Typed arrays are arrays, integers beyond 2^53 text, and what JSON has no number for is null.
 * @throws JitneyError `USER_CODE_ERROR` where it cannot be written: it holds itself, or its own `toJSON` throws.
 */
export function answerJson(answer: unknown): string {
  try {
    return JSON.stringify(answer, plain) ?? 'null';
  } catch (thrown) {
    const reason = thrown instanceof Error ? (thrown.message.split('\n', 1)[0] as string) : String(thrown);
    throw new JitneyError('USER_CODE_ERROR', `the answer cannot be written as JSON: ${reason}`, { cause: thrown });
  }
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  return ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<unknown>) : value;
}
