import { JitneyError } from '@jitney/core';

/** Where an answer holds what JSON has no number for. */
interface NonFinite {
  /** Member names and places from the outside in: `scores.2.0`. */
  readonly at: string;
  readonly value: 'NaN' | 'Infinity' | '-Infinity';
}

/** Named at most so many: an answer full of NaN stays an answer of the same size. */
const NON_FINITE_NAMED = 100;

/**
 * An answer as JSON text. Typed arrays are arrays, integers beyond 2^53 text. What JSON has no number for is null, and
 * where the answer is an object its member `nonFinite` names each.
 * @throws JitneyError `USER_CODE_ERROR` where it cannot be written: it holds itself, or its own `toJSON` throws.
 */
export function answerJson(answer: unknown): string {
  try {
    return stringify(answer);
  } catch (thrown) {
    const reason = thrown instanceof Error ? (thrown.message.split('\n', 1)[0] as string) : String(thrown);
    throw new JitneyError('USER_CODE_ERROR', `the answer cannot be written as JSON: ${reason}`, { cause: thrown });
  }
}

function stringify(answer: unknown): string {
  let isComplete = true;
  const text = JSON.stringify(answer, (_key, value) => {
    if (typeof value === 'number' && !Number.isFinite(value)) isComplete = false;
    return plain(value);
  });
  if (isComplete || !hasRoom(answer)) return text ?? 'null';
  const nonFinite: NonFinite[] = [];
  collect(answer, '', nonFinite);
  return JSON.stringify({ ...answer, nonFinite }, (_key, value) => plain(value));
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  return ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<unknown>) : value;
}

/** An object that does not say by itself what is not finite. */
function hasRoom(answer: unknown): answer is object {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer) || ArrayBuffer.isView(answer))
    return false;
  return !('nonFinite' in answer) && !('toJSON' in answer);
}

function collect(value: unknown, at: string, found: NonFinite[]): void {
  if (typeof value === 'number') {
    if (Number.isFinite(value) || found.length >= NON_FINITE_NAMED) return;
    found.push({ at, value: String(value) as NonFinite['value'] });
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) collect(member, at === '' ? key : `${at}.${key}`, found);
  }
}
