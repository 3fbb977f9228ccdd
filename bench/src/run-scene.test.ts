import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Children } from './processes/children.js';
import { runScene } from './run-scene.js';
import type { Scene } from './scenes/scene.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jitney-bench-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A scene by the name of a real one, since the page has no others, whose one figure is given. */
function runWith(figure: string, isQuick: boolean, isShort = false): Promise<void> {
  const scene: Scene = {
    name: 'start',
    about: 'About it.',
    run: async (stage) => {
      stage.record({ figure });
      return {
        figures: [],
        plots: [{ name: 'start-shape', description: `Its shape is ${figure}`, svg: `<svg>${figure}</svg>` }],
        tables: [{ head: ['figure'], rows: [[figure]] }],
        trust: 'Fully.',
      };
    },
  };
  const command = 'npm run bench';
  const print = () => {};
  return runScene(scene, {
    scenes: [scene],
    tuned: [],
    isQuick,
    isShort,
    rounds: 1,
    out: folder,
    command,
    children: new Children(),
    folder,
    print,
  });
}

const page = () => readFile(join(folder, 'RESULTS.md'), 'utf8');

async function rawRuns(): Promise<unknown[]> {
  const names = (await readdir(join(folder, 'raw'))).sort();
  const files = await Promise.all(names.map((name) => readFile(join(folder, 'raw', name), 'utf8')));
  return files.map((text) => (JSON.parse(text) as { readonly runs: unknown }).runs);
}

describe('a scene that was run', () => {
  it('stands on the page with its figures, the newest alone, and its runs are kept', async () => {
    await runWith('one', false);
    expect(await page()).toContain('| one |');
    await runWith('two', false);
    expect(await page()).toContain('| two |');
    expect(await page()).not.toContain('| one |');
    expect(await rawRuns()).toContainEqual([{ figure: 'two' }]);
  });

  it('says so on the page where it was short', async () => {
    await runWith('one', false, true);
    expect(await page()).toContain('Short: 1 rounds');
  });

  it('has its plots beside the page', async () => {
    await runWith('one', false);
    expect(await page()).toContain('![Its shape is one](plots/start-shape.svg)');
    expect(await readFile(join(folder, 'plots', 'start-shape.svg'), 'utf8')).toBe('<svg>one</svg>');
  });

  it('does not stand on the page where it was a quick run, whose runs are kept all the same', async () => {
    await runWith('one', true);
    await expect(page()).rejects.toThrow('ENOENT');
    expect(await rawRuns()).toEqual([[{ figure: 'one' }]]);
  });
});
