import { type ErrorRecord, JitneyError, type LaneTiming, type Moment, type RequestContext } from '@jitney/core';
import type { Content } from './pipeline/content.js';
import { ParsedInput } from './pipeline/script.js';
import type { Handling } from './served-model.js';

/** Items of one request that are in the lane at a time: enough for several full batches, and no more. */
const ITEMS_IN_FLIGHT = 256;

/** What stands in the place of an item that failed among others. */
export interface FailedItem {
  readonly error: { readonly code: string; readonly message: string };
}

export interface Prediction {
  /** JSON: the answer, or for a list of inputs the list of answers. */
  readonly bytes: Uint8Array;
  readonly timing: LaneTiming;
  readonly encodedAtMs: Moment;
}

/**
 * Runs a `/predict` body: one input, or a list of them answered place by place.
 * @throws JitneyError when the one input, or every item of the list, fails; `item` then names the first.
 */
export async function predictContent(content: Content, handling: Handling, now: () => Moment): Promise<Prediction> {
  const context: RequestContext = {
    requestId: handling.frame.requestId,
    parameters: content.parameters,
    signal: handling.signal,
  };
  const { items, isList } = await itemsOf(content.inputs, handling);
  const results = await inWindow(items, ITEMS_IN_FLIGHT, (item) => predictItem(item, handling, context, now));
  const first = results.find((result): result is Done => 'output' in result);
  if (first === undefined) throw failureOf(results, isList);
  const answer = isList ? results.map(placeOf) : first.output;
  return { bytes: toJson(answer), timing: first.timing, encodedAtMs: first.encodedAtMs };
}

interface Done {
  readonly output: unknown;
  readonly timing: LaneTiming;
  readonly encodedAtMs: Moment;
}
interface Failed {
  readonly error: ErrorRecord;
}

/** A list is one input where the item's schema says so (784 numbers), else one input a place. */
async function itemsOf(inputs: unknown, handling: Handling): Promise<{ items: readonly unknown[]; isList: boolean }> {
  const schema = handling.served.itemSchema;
  if (!Array.isArray(inputs) || schema === null) return { items: [inputs], isList: false };
  const whole = await schema['~standard'].validate(inputs);
  if (whole.issues === undefined) return { items: [new ParsedInput(whole.value)], isList: false };
  if (inputs.length === 0) throw new JitneyError('INVALID_ARGUMENT', "'inputs' is an empty list");
  return { items: inputs, isList: true };
}

async function predictItem(
  item: unknown,
  handling: Handling,
  context: RequestContext,
  now: () => Moment,
): Promise<Done | Failed> {
  try {
    const { pipeline } = handling.served;
    const encoded = await pipeline.encode(item, context);
    const encodedAtMs = now();
    const rows = await handling.enqueue(encoded.tensors, encoded.cost);
    const output = await pipeline.decode(rows.outputs, encoded.carry, context);
    return { output, timing: rows.timing, encodedAtMs };
  } catch (thrown) {
    return { error: JitneyError.from(thrown).toRecord() };
  }
}

/** Maps with at most `width` at work, results in the order of the items. */
async function inWindow<T, R>(items: readonly T[], width: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}

function failureOf(results: readonly (Done | Failed)[], isList: boolean): JitneyError {
  const { error } = results[0] as Failed;
  return JitneyError.fromRecord(isList ? { ...error, item: 0, message: `inputs[0]: ${error.message}` } : error);
}

function placeOf(result: Done | Failed): unknown {
  return 'output' in result
    ? result.output
    : ({ error: { code: result.error.code, message: result.error.message } } satisfies FailedItem);
}

function toJson(answer: unknown): Uint8Array {
  const text = JSON.stringify(answer, (_key, value) => {
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
    return ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<unknown>) : value;
  });
  return Buffer.from(text ?? 'null');
}
