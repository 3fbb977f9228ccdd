import {
  type Encoded,
  InvalidInput,
  JitneyError,
  type ModelDefinition,
  type ModelLog,
  type Pipeline,
  type RequestContext,
  type Schema,
  type Signature,
  type Tensor,
} from '@jitney/core';
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
  path: string,
  definition: ModelDefinition,
  signature: Signature,
  logFor: (context: RequestContext) => ModelLog,
): Pipeline<unknown, unknown, unknown> {
  return {
    async encode(input, context): Promise<Encoded<unknown>> {
      const value = input instanceof ParsedInput ? input.value : await parseItem(definition.input, input);
      const tensors = await preprocess(value, context);
      return { tensors, rows: 1, cost: 1, carry: value };
    },
    async decode(tensors, input, context) {
      const answer = await guard(path, 'postprocess', () =>
        definition.postprocess(outputsOf(tensors), { ...context, log: logFor(context), input }),
      );
      const checked = await definition.output['~standard'].validate(answer);
      if (checked.issues === undefined) return checked.value;
      throw new JitneyError(
        'USER_CODE_ERROR',
        `postprocess returned what 'output' does not allow: ${issuesText(checked.issues)}`,
      );
    },
  };

  async function preprocess(value: unknown, context: RequestContext): Promise<Tensor[]> {
    const feeds = await guard(path, 'preprocess', () =>
      definition.preprocess(value, { ...context, log: logFor(context) }),
    );
    return guard(path, 'preprocess', () => tensorsFromFeeds(feeds, signature));
  }
}

/** The parsed item. @throws JitneyError `INVALID_ARGUMENT` that lists what the schema found. */
async function parseItem(schema: Schema, input: unknown): Promise<unknown> {
  const result = await schema['~standard'].validate(input);
  if (result.issues === undefined) return result.value;
  throw new JitneyError('INVALID_ARGUMENT', `the input does not fit: ${issuesText(result.issues)}`);
}

type Issues = NonNullable<Awaited<ReturnType<Schema['~standard']['validate']>>['issues']>;

const ISSUES_NAMED = 5;

function issuesText(issues: Issues): string {
  const named = issues.slice(0, ISSUES_NAMED).map((issue) => {
    const path = issue.path?.map((key) => String(typeof key === 'object' ? key.key : key)).join('.');
    return path ? `${path}: ${issue.message}` : issue.message;
  });
  const more = issues.length - named.length;
  return named.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

/** Runs a user's function: what the client got wrong stays a 400, the rest is the code's own fault. */
async function guard<T>(path: string, name: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof JitneyError) throw thrown;
    if (thrown instanceof InvalidInput || (thrown instanceof Error && thrown.name === 'InvalidInput')) {
      throw new JitneyError('INVALID_ARGUMENT', thrown.message, { cause: thrown });
    }
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new JitneyError('USER_CODE_ERROR', `${name} of the model's own code failed: ${reason}`, {
      cause: thrown instanceof Error ? thrown : new Error(`${path}: ${name} threw ${reason}`),
    });
  }
}
