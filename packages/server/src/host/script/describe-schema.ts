import type { Schema } from '@jitney/core';

/** zod 4 schemas carry their own JSON Schema writer; it is used through the schema, so that zod is not loaded twice. */
interface SelfDescribing {
  toJSONSchema?(options: { readonly unrepresentable: 'any'; readonly io: 'input' | 'output' }): unknown;
}

/** The JSON Schema of a schema, for the API description; `null` where its library cannot write one. */
export function describeSchema(schema: Schema, end: 'input' | 'output'): unknown {
  const { toJSONSchema } = schema as SelfDescribing;
  if (typeof toJSONSchema !== 'function') return null;
  try {
    return toJSONSchema.call(schema, { unrepresentable: 'any', io: end });
  } catch {
    return null;
  }
}
