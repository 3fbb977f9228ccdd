import { describe, expect, it } from 'vitest';
import { parseOptions } from './options.js';
import { SCENES } from './scenes/index.js';

describe('the command line of the bench', () => {
  it('runs every scene, five rounds each, where nothing is asked for', () => {
    expect(parseOptions([])).toMatchObject({ scenes: SCENES, isQuick: false, rounds: 5, command: 'npm run bench' });
  });

  it('runs the scenes that are named, in the order of the page', () => {
    const { scenes, rounds, command } = parseOptions(['memory', 'start', '--rounds', '7']);
    expect(scenes.map(({ name }) => name)).toEqual(['start', 'memory']);
    expect([rounds, command]).toEqual([7, 'npm run bench -- memory start --rounds 7']);
  });

  it('runs one round where it shall be quick', () => {
    expect(parseOptions(['--quick'])).toMatchObject({ isQuick: true, rounds: 1 });
  });

  it.each([
    ['an unknown scene', ['stort'], 'There is no scene stort; there are small-json, start,'],
    ['rounds that are no number', ['--rounds', '0'], '--rounds takes a whole number from 1 on, not 0'],
    ['an unknown option', ['--fast'], '--fast'],
  ])('refuses %s', (_what, args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
