import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonDepth } from './json-depth.js';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** Whether the text passes, in pieces of `size` bytes. */
function passes(text: string, maxDepth: number, size: number): boolean {
  const depth = new JsonDepth(maxDepth);
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; at += size) depth.write(bytes.subarray(at, at + size));
    return true;
  } catch {
    return false;
  }
}

describe('the depth of a JSON text', () => {
  it('passes up to the limit and not one level more, cut anywhere', () => {
    const arbitrary = fc.record({
      json: fc.json({ maxDepth: 6, noUnicodeString: false }),
      size: fc.integer({ min: 1, max: 9 }),
    });
    void fc.assert(
      fc.property(arbitrary, ({ json, size }) => {
        const depth = depthOf(JSON.parse(json));
        expect(passes(json, depth, size)).toBe(true);
        if (depth > 0) expect(passes(json, depth - 1, size)).toBe(false);
      }),
    );
  });

  it.each([
    ['brackets in a string', '["[[[{{{"]'],
    ['a quote that is escaped', '["\\"[[["]'],
    ['a backslash that is escaped', '["\\\\",1]'],
    ['many values side by side', '[{},{},[],[],{"a":[]}]'.replace('{"a":[]}', '{}')],
  ])('%s is not deep', (_what, json) => {
    expect(passes(json, 2, 3)).toBe(true);
  });

  it('names the limit and how to raise it', () => {
    expect(() => new JsonDepth(2).write(Buffer.from('[[['))).toThrow(/2 levels.*limits\.maxDepth/);
  });
});
