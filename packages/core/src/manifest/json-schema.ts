import * as z from 'zod';
import { manifestSchema } from './schema.js';

/** The JSON Schema (draft 2020-12) of `model.json`, for editors. `schemas/model.schema.json` holds it as a file. */
export function manifestJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(manifestSchema, { io: 'input' });
  return {
    $schema,
    title: 'model.json of Jitney',
    description: 'How a model is served. All settings are optional; flags, environment and config file win over them.',
    ...rest,
  };
}
