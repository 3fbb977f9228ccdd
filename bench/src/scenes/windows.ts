import { link, mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { PlantedModel } from '../models/planted-model.js';

export interface PlantedWindow {
  readonly maxDelayMs: number;
  /** For `jitney serve`. */
  readonly path: string;
}

/** The same model once for each delay window, as its `model.json` says. Its file is linked, not copied. */
export async function plantWindows(
  folder: string,
  { file }: PlantedModel,
  windowsMs: readonly number[],
): Promise<PlantedWindow[]> {
  const name = basename(dirname(file));
  return Promise.all(
    windowsMs.map(async (maxDelayMs) => {
      const path = join(folder, `window-${maxDelayMs}`);
      await mkdir(join(path, name), { recursive: true });
      await link(file, join(path, name, basename(file)));
      await writeFile(join(path, name, 'model.json'), JSON.stringify({ batching: { maxDelayMs } }));
      return { maxDelayMs, path };
    }),
  );
}
