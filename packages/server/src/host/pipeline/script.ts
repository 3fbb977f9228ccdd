import {
  type Awaitable,
  type Encoded,
  InvalidInput,
  JitneyError,
  type ModelDefinition,
  type ModelLog,
  type Pipeline,
  type RequestContext,
  type Schema,
  type SchemaResult,
} from '@jitney/core';
import type { LoadedModel } from '../../wire/messages.js';
import { tensorsFromFeeds } from './feeds.js';
import { outputsOf } from './outputs.js';

/** An item the schema has passed already, so that it is not checked twice. */
export class ParsedInput {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

/** The pipeline of a user's `model.ts`: schema, `preprocess`, the model's rows, `postprocess`, schema. */
export function createScriptPipeline(
  definition: ModelDefinition,
  { signature, batching }: Pick<LoadedModel, 'signature' | 'batching'>,
  logFor: (context: RequestContext) => ModelLog,
): Pipeline<unknown, unknown, unknown> {
  const itemContext = (context: RequestContext) => ({ ...context, log: logFor(context) });
  return {
    async encode(input, context): Promise<Encoded<unknown>> {
      const value = input instanceof ParsedInput ? input.value : await parseItem(definition.input, input);
      const tensors = await guard('preprocess', async () =>
        tensorsFromFeeds(await definition.preprocess(value, itemContext(context)), signature, batching),
      );
      return { tensors, carry: value };
    },
    async decode(tensors, input, context) {
      const answer = await guard('postprocess', () =>
        definition.postprocess(outputsOf(tensors), { ...itemContext(context), input }),
      );
      return checkAnswer(definition.output, answer);
    },
  };
}

/**
 * What the schema of one item says of an input.
 * @throws JitneyError `USER_CODE_ERROR` where the schema itself throws.
 */
export function validateItem(schema: Schema, input: unknown): Promise<SchemaResult<unknown>> {
  return guard("the schema 'input'", () => schema['~standard'].validate(input));
}

async function parseItem(schema: Schema, input: unknown): Promise<unknown> {
  const result = await validateItem(schema, input);
  if (result.issues === undefined) return result.value;
  throw new JitneyError('INVALID_ARGUMENT', `the input does not fit: ${issuesText(result.issues)}`);
}

async function checkAnswer(schema: Schema, answer: unknown): Promise<unknown> {
  const result = await guard("the schema 'output'", () => schema['~standard'].validate(answer));
  if (result.issues === undefined) return result.value;
  const problem = issuesText(result.issues);
  throw new JitneyError('USER_CODE_ERROR', `postprocess returned what 'output' does not allow: ${problem}`);
}

type Issues = NonNullable<SchemaResult<unknown>['issues']>;

const ISSUES_NAMED = 5;

/** The first of what a schema found, each with its place. */
export function issuesText(issues: Issues): string {
  const named = issues.slice(0, ISSUES_NAMED).map((issue) => {
    const path = issue.path?.map((key) => String(typeof key === 'object' ? key.key : key)).join('.');
    return path ? `${path}: ${issue.message}` : issue.message;
  });
  const more = issues.length - named.length;
  return named.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

/** Runs a user's function: what the client got wrong stays a 400, the rest is the code's own fault. */
async function guard<T>(name: string, run: () => Awaitable<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof JitneyError) throw thrown;
    if (thrown instanceof InvalidInput || (thrown instanceof Error && thrown.name === 'InvalidInput')) {
      throw new JitneyError('INVALID_ARGUMENT', thrown.message, { cause: thrown });
    }
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new JitneyError('USER_CODE_ERROR', `${name} of the model's own code failed: ${reason}`, {
      cause: thrown instanceof Error ? thrown : new Error(`${name} threw ${reason}`),
    });
  }
}
