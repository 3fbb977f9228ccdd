import { JitneyError, type LaneTiming, type Moment, type RequestContext } from '@jitney/core';
import type { Handling } from './content-request.js';
import { answerJson } from './pipeline/answer-json.js';
import type { Content } from './pipeline/content.js';
import { issuesText, ParsedInput, validateItem } from './pipeline/script.js';

/** Items of one request that are under way at a time: enough for several full batches, and no more. */
const ITEMS_IN_FLIGHT = 256;
/** Items of one request; more would keep own code, which runs on this thread, busy for seconds. */
const MAX_ITEMS = 16_384;

export interface Prediction {
  /** JSON: the answer, or for a list of inputs the list of answers. */
  readonly json: string;
  /** Of the first item that was answered. */
  readonly timing: LaneTiming;
  readonly encodedAtMs: Moment;
}

/**
 * Runs a `/predict` body: one input, or a list of them answered place by place. An item that fails has
 * `{ "error": { "code", "message" } }` in its place.
 * @throws JitneyError when the one input, or every item of the list, fails; `item` then names the first.
 */
export async function predictContent(content: Content, handling: Handling): Promise<Prediction> {
  const { frame, signal, served } = handling;
  const context: RequestContext = { requestId: frame.requestId, parameters: content.parameters, signal };
  const inputs = await readInputs(content.inputs, served.itemSchema);
  const results = await inWindow(inputs.items, signal, (item) => predictItem(item, handling, context));
  const first = results.find((result) => result.state === 'done');
  if (first === undefined) throw failureOf(results[0] as Failed, inputs);
  reportFailures(results, handling);
  const json = inputs.isList ? `[${results.map(placeOf).join()}]` : first.json;
  return { json, timing: first.timing, encodedAtMs: first.encodedAtMs };
}

type Result = Done | Failed;

interface Done {
  readonly state: 'done';
  readonly json: string;
  readonly timing: LaneTiming;
  readonly encodedAtMs: Moment;
}

interface Failed {
  readonly state: 'failed';
  readonly error: JitneyError;
}

interface Inputs {
  readonly items: readonly unknown[];
  readonly isList: boolean;
  /** Why a list is not one input. */
  readonly notOne: string;
}

/** A list is one input where the item's schema says so (784 numbers), else one input a place. */
async function readInputs(inputs: unknown, schema: Handling['served']['itemSchema']): Promise<Inputs> {
  if (!Array.isArray(inputs) || schema === null) return { items: [inputs], isList: false, notOne: '' };
  const whole = await validateItem(schema, inputs);
  if (whole.issues === undefined) return { items: [new ParsedInput(whole.value)], isList: false, notOne: '' };
  if (inputs.length === 0) throw new JitneyError('INVALID_ARGUMENT', "'inputs' is an empty list");
  if (inputs.length > MAX_ITEMS) {
    const message = `'inputs' is a list of ${inputs.length}, and at most ${MAX_ITEMS} are answered at a time`;
    throw new JitneyError('TOO_LARGE', `${message}. Send them in several requests.`);
  }
  return { items: inputs, isList: true, notOne: issuesText(whole.issues) };
}

async function predictItem(item: unknown, handling: Handling, context: RequestContext): Promise<Result> {
  try {
    const { pipeline } = handling.served;
    const { tensors, cost, carry } = await pipeline.encode(item, context);
    const encodedAtMs = handling.now();
    const { outputs, timing } = await handling.enqueue(tensors, cost);
    const json = answerJson(await pipeline.decode(outputs, carry, context));
    return { state: 'done', json, timing, encodedAtMs };
  } catch (thrown) {
    return { state: 'failed', error: JitneyError.from(thrown) };
  }
}

/** Results in the order of the items. Items whose turn comes after `signal` are not begun. */
async function inWindow(
  items: readonly unknown[],
  signal: AbortSignal,
  work: (item: unknown) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length && !signal.aborted; index = next++) {
      results[index] = await work(items[index]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(ITEMS_IN_FLIGHT, items.length) }, worker));
  signal.throwIfAborted();
  return results;
}

function failureOf({ error }: Failed, { isList, notOne }: Inputs): JitneyError {
  if (!isList) return error;
  const hint = error.code === 'INVALID_ARGUMENT' ? `. Nor is the list one input: ${notOne}` : '';
  const message = `inputs[0]: ${error.message}${hint}`;
  const { code, cause, retryAfterMs } = error;
  return new JitneyError(code, message, { cause, item: 0, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}

/** One of each code: a defect of own code fails every item of a long list alike. */
function reportFailures(results: readonly Result[], handling: Handling): void {
  const failed = results.filter((result) => result.state === 'failed');
  for (const error of new Map(failed.map(({ error }) => [error.code, error])).values()) handling.report(error);
}

function placeOf(result: Result): string {
  if (result.state === 'done') return result.json;
  const { code, message } = result.error;
  return JSON.stringify({ error: { code, message } });
}
