import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestName } from './nearest-name.js';

const KNOWN = ['name', 'batching', 'maxRows', 'instances', 'timeouts', 'slo'];

describe('a name somebody got wrong', () => {
  it.each([
    ['max_rows', 'maxRows'],
    ['MAXROWS', 'maxRows'],
    ['bathcing', 'batching'],
    ['batch', null],
    ['instance', 'instances'],
    ['slos', 'slo'],
    ['zzz', null],
    ['', null],
  ])('%j is taken for %j', (name, meant) => {
    expect(nearestName(name, KNOWN)).toBe(meant);
  });

  it('is itself when it is known, and never something that is not', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), (known, name) => {
        const near = nearestName(name, known);
        if (known.includes(name)) expect(near).not.toBeNull();
        if (near !== null) expect(known).toContain(near);
      }),
    );
  });
});
