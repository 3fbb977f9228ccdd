import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { manifestJsonSchema } from './json-schema.js';

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: unknown;
}

function undocumented(node: Node, path: string): string[] {
  const own = Object.entries(node.properties ?? {});
  return own.flatMap(([key, inner]) => [
    ...(inner.description === undefined ? [`${path}${key}`] : []),
    ...undocumented(inner, `${path}${key}.`),
  ]);
}

describe('the JSON Schema of model.json', () => {
  it('is the one in schemas/, which `npm run docs` writes', async () => {
    const file = await readFile(new URL('../../schemas/model.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(manifestJsonSchema())));
  });

  it('describes every setting', () => {
    expect(undocumented(manifestJsonSchema() as Node, '')).toEqual([]);
  });

  it('refuses unknown keys, as the server does', () => {
    expect(manifestJsonSchema()).toMatchObject({ type: 'object', additionalProperties: false });
  });
});
