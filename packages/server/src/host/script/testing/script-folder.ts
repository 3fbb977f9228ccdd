import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import type { ScriptCacheOptions } from '../script-cache.js';

/** Scripts of a user, and an own cache with the bundler as it is written. */
export interface ScriptFolder {
  readonly path: string;
  readonly cache: ScriptCacheOptions;
  /** Writes a file below `path`. */
  write(file: string, text: string): Promise<string>;
  remove(): Promise<void>;
}

export async function createScriptFolder(): Promise<ScriptFolder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'jitney-script-test-')));
  // Below node_modules, so that the bundler finds esbuild.
  const tools = await mkdtemp(join(import.meta.dirname, '../../../../../../node_modules/.jitney-test-'));
  const bundler = join(tools, 'bundler.js');
  const source = join(import.meta.dirname, '../bundler.ts');
  await build({ entryPoints: [source], outfile: bundler, format: 'esm', platform: 'node' });
  return {
    path,
    cache: { bundler, folder: join(path, 'cache') },
    write: async (file, text) => {
      const target = join(path, file);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, text);
      return target;
    },
    remove: async () => {
      await rm(path, { recursive: true, force: true });
      await rm(tools, { recursive: true, force: true });
    },
  };
}
