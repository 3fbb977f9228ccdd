import { describe, expect, it } from 'vitest';
import { linearAxis, logAxis } from './axis.js';
import { drawFigure, type Figure } from './figure.js';

const FIGURE: Figure = {
  description: 'Latency & load',
  columns: 2,
  panels: [
    {
      title: 'p99 < all',
      x: linearAxis('load', [0, 0.5, 1]),
      y: logAxis('ms', [3, 40]),
      lines: [
        {
          name: 'ours',
          points: [
            [0, 2],
            [1, 50],
          ],
        },
      ],
    },
  ],
  styles: { ours: { color: '#e8590c', width: 3 }, theirs: { color: 'text', width: 1, isDashed: true } },
};

describe('a logarithmic axis', () => {
  it('goes from the tick below the smallest value to the one above the largest', () => {
    expect(logAxis('ms', [3, 40]).ticks).toEqual([2, 5, 10, 20, 50]);
    expect(logAxis('ms', [0.004, 0.02]).ticks).toEqual([0.002, 0.005, 0.01, 0.02]);
    expect(logAxis('ms', [7, 8]).ticks).toEqual([5, 10]);
  });

  it('writes powers of ten alone where there are many', () => {
    expect(logAxis('ms', [0.1, 5_000]).ticks).toEqual([0.1, 1, 10, 100, 1_000]);
  });

  it('puts equal ratios at equal distances', () => {
    const axis = logAxis('ms', [1, 100]);
    expect([1, 10, 100].map(axis.place)).toEqual([0, 0.5, 1]);
  });
});

describe('a figure', () => {
  const svg = drawFigure(FIGURE);

  it('has each line from its first point to its last, inside its axes', () => {
    expect(svg).toContain('<path d="M58 206L416 30" class="line" stroke="#e8590c" stroke-width="3">');
  });

  it('has axis labels, ticks, and an entry in the legend for every style', () => {
    for (const text of ['>load<', '>ms<', '>0.5<', '>20<', '>ours<', '>theirs<']) expect(svg).toContain(text);
  });

  it('can be read on light and on dark pages, and by who does not see it', () => {
    expect(svg).toContain('@media (prefers-color-scheme: dark)');
    expect(svg).toContain('<title>Latency &amp; load</title>');
    expect(svg).toContain('p99 &lt; all');
  });

  it('has no line that is not in the legend', () => {
    expect(() => drawFigure({ ...FIGURE, styles: {} })).toThrow("the legend has no 'ours'");
  });
});
