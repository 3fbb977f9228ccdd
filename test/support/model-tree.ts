import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Files by their path inside the folder. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A folder of models in the temporary folder, for one server. */
export interface ModelTree {
  readonly root: string;
  remove(): Promise<void>;
}

/** Lays out files in a folder of their own. Paths use `/`. */
export async function plantTree(files: Files): Promise<ModelTree> {
  const root = await mkdtemp(join(tmpdir(), 'jitney-models-'));
  for (const [path, content] of Object.entries(files)) {
    const full = join(root, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, content);
  }
  return { root, remove: () => rm(root, { recursive: true, force: true }) };
}

/** `name` → the bytes of its `model.onnx`, each in its folder, all in one host, so that many cost one process. */
export function inOneHost(models: Readonly<Record<string, Uint8Array>>): Files {
  return Object.fromEntries(
    Object.entries(models).flatMap(([name, model]) => [
      [`${name}/model.onnx`, model],
      [`${name}/model.json`, JSON.stringify({ host: 'together' })],
    ]),
  );
}
