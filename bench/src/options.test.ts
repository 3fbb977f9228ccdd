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

  it('runs three rounds where it shall be short', () => {
    expect(parseOptions(['overload', '--short'])).toMatchObject({ isQuick: false, isShort: true, rounds: 3 });
    expect(parseOptions(['overload'])).toMatchObject({ isShort: false, rounds: 5 });
  });

  it('leaves other servers out where some are named', () => {
    expect(parseOptions(['--only', 'triton,jitney']).only).toEqual(['jitney', 'triton']);
  });

  it('runs no scene where peers are to be tuned', () => {
    const { scenes, tuned } = parseOptions(['tune', 'model-bound']);
    expect([scenes, tuned.map(({ name }) => name)]).toEqual([[], ['model-bound']]);
  });

  it.each([
    ['an unknown scene', ['stort'], 'There is no scene stort; there are small-json, image-tensor,'],
    ['rounds that are no number', ['--rounds', '0'], '--rounds takes a whole number from 1 on, not 0'],
    ['an unknown server', ['--only', 'jitney,torch'], 'There is no server torch; there are jitney, echo, triton,'],
    ['a scene that has nothing to tune', ['tune', 'start'], 'There is no scene to tune start; there are small-json,'],
    ['an unknown option', ['--fast'], '--fast'],
  ])('refuses %s', (_what, args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
