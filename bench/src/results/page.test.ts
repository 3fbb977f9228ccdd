import { describe, expect, it } from 'vitest';
import { replaceSection, writeSection } from './page.js';

const ORDER = ['first', 'second', 'third'];
const scene = (name: string) => ({ name, about: `About ${name}.`, run: () => Promise.reject(new Error('not run')) });

function section(name: string, measured: string): string {
  const figure = { what: 'cost', asked: '≤ 2', measured, isMet: measured === '1' };
  const table = { head: ['a', 'b'], rows: [['x|y', 'z']] };
  return writeSection(scene(name), { figures: [figure], tables: [table], trust: 'Trust it.' }, `made for ${name}`);
}

const page = (...parts: readonly (readonly [name: string, measured: string])[]) =>
  parts.reduce<string | null>(
    (text, [name, measured]) => replaceSection(text, { name, section: section(name, measured), order: ORDER }),
    null,
  )!;

describe('a section', () => {
  it('has the figures asked for and measured, the tables, how far to trust them, and where they come from', () => {
    expect(section('first', '3')).toBe(`## first

About first.

|  | asked for | measured | met |
| --- | --- | --- | --- |
| cost | ≤ 2 | 3 | **no** |

| a | b |
| --- | --- |
| x\\|y | z |

Trust it.

<sub>made for first</sub>`);
  });
});

describe('the page', () => {
  it('has its sections in the order of the scenes, in whatever order they were run', () => {
    const once = page(['first', '1'], ['second', '1'], ['third', '1']);
    expect(page(['third', '1'], ['first', '1'], ['second', '1'])).toBe(once);
    expect(once.match(/^## .*/gm)).toEqual(['## first', '## second', '## third']);
  });

  it('keeps what other scenes found when one is run again', () => {
    const again = page(['first', '1'], ['second', '3'], ['first', '3']);
    expect(again).toBe(page(['first', '3'], ['second', '3']));
  });

  it('loses the sections of scenes that are no more', () => {
    const without = replaceSection(page(['first', '1'], ['second', '1']), {
      name: 'second',
      section: section('second', '1'),
      order: ['second'],
    });
    expect(without.match(/^## .*/gm)).toEqual(['## second']);
  });
});
