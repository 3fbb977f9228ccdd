import { listSettings } from './settings.js';

/** JSON Schema of a configuration file, for editors. Published as `schemas/config.schema.json`. */
export function configSchema(): Readonly<Record<string, unknown>> {
  const sections: Record<string, Record<string, unknown>> = {};
  for (const { section, key, kind, byDefault, doc } of listSettings()) {
    sections[section] = { ...sections[section], [key]: { description: doc, default: byDefault, ...kind.schema } };
  }
  const closed = (properties: unknown) => ({ type: 'object', additionalProperties: false, properties });
  const properties = Object.entries(sections).map(([section, settings]) => [section, closed(settings)]);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of Jitney',
    ...closed({ $schema: { type: 'string' }, ...Object.fromEntries(properties) }),
  };
}
