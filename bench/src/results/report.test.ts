import { describe, expect, it } from 'vitest';
import { figuresTable, writeTable } from './report.js';

describe('a table', () => {
  it('is written as Markdown, whatever its cells hold', () => {
    expect(writeTable({ head: ['a', 'b'], rows: [['1', 'x|y']] })).toBe('| a | b |\n| --- | --- |\n| 1 | x\\|y |');
  });

  it('is refused where a cell is missing', () => {
    expect(() => writeTable({ head: ['a', 'b'], rows: [['1']] })).toThrow('a table of 2 columns has the row 1');
  });
});

describe('figures', () => {
  it('stand beside what was asked for, those that were missed too', () => {
    const figure = { what: 'cost', asked: '≤ 2', measured: '3' };
    const rows = [
      ['cost', '≤ 2', '3', '**no**'],
      ['cost', '≤ 2', '3', 'yes'],
    ];
    expect(figuresTable([false, true].map((isMet) => ({ ...figure, isMet }))).rows).toEqual(rows);
  });
});
