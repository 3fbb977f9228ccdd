import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonPath, locateJson, placeAt } from './json-places.js';

/** Every path in `value`. */
function pathsOf(value: unknown, path: JsonPath = []): JsonPath[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys: (string | number)[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [path, ...keys.flatMap((key) => pathsOf((value as Record<string | number, unknown>)[key], [...path, key]))];
}

function at(value: unknown, path: JsonPath): unknown {
  return path.reduce((inner, step) => (inner as Record<string | number, unknown>)[step], value);
}

describe('places in a JSON text', () => {
  it('are where each value starts, whatever the white space', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 2, '\t'), (value, indent) => {
        const parsed: unknown = JSON.parse(JSON.stringify(value));
        const text = JSON.stringify(parsed, null, indent);
        const places = locateJson(text);
        const lines = text.split('\n');
        for (const path of pathsOf(parsed)) {
          const { line, column } = places.value(path);
          const rest = lines[line - 1]!.slice(column - 1);
          const expected = JSON.stringify(at(parsed, path), null, indent).split('\n')[0]!;
          expect(rest.startsWith(expected)).toBe(true);
        }
      }),
    );
  });

  it('count lines and columns from 1', () => {
    expect(placeAt('ab\ncd', 0)).toEqual({ line: 1, column: 1 });
    expect(placeAt('ab\ncd', 4)).toEqual({ line: 2, column: 2 });
  });

  it('fall back to what is around something that is not there', () => {
    const places = locateJson('{\n "a": { "b": 1 } }');
    expect(places.value(['a', 'zzz'])).toEqual({ line: 2, column: 7 });
    expect(places.key(['a', 'b'])).toEqual({ line: 2, column: 9 });
    expect(places.key(['zzz'])).toEqual({ line: 1, column: 1 });
  });
});
