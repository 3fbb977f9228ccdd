import { open } from 'node:fs/promises';
import { JitneyError } from '@jitney/core';
import type { Manifest } from '@jitney/core/manifest';
import { foreignModelJson, type OtherFormat } from './formats.js';
import { entryOf, type Folder } from './survey.js';

/** What a folder's `model.json` is. */
export type ModelJson =
  | { readonly state: 'absent' }
  | { readonly state: 'read'; readonly path: string; readonly manifest: Manifest }
  /** Another tool's model of that name. */
  | { readonly state: 'foreign'; readonly path: string; readonly format: OtherFormat }
  | { readonly state: 'wrong'; readonly path: string; readonly error: JitneyError };

const MAX_BYTES = 1024 * 1024;
const HEAD_BYTES = 4096;

/** Settings that are checked but do nothing in this release. */
const WITHOUT_EFFECT: readonly { readonly name: string; isSet(manifest: Manifest): boolean }[] = [
  { name: 'labels', isSet: ({ labels }) => labels !== undefined },
  { name: 'timeouts.loadMs', isSet: ({ timeouts }) => timeouts?.loadMs !== undefined },
];

export async function readModelJson(folder: Folder): Promise<ModelJson> {
  const entry = entryOf(folder, 'model.json');
  if (entry === undefined) return { state: 'absent' };
  const { path } = entry;
  try {
    const text = await readBounded(path);
    const format = foreignModelJson(text.slice(0, HEAD_BYTES));
    if (format !== null) return { state: 'foreign', path, format };
    if (text.length > MAX_BYTES) {
      throw new JitneyError('INVALID_CONFIG', `${path}: expected settings of at most ${MAX_BYTES} bytes, got more`);
    }
    // Loaded only where there is such a file: zod costs 8 MB and 40 ms.
    const { parseManifest } = await import('@jitney/core/manifest');
    return { state: 'read', path, manifest: parseManifest(text, path) };
  } catch (thrown) {
    return { state: 'wrong', path, error: JitneyError.from(thrown, 'INVALID_CONFIG', `${path}: cannot be read`) };
  }
}

/** The file's text, or one character more than is allowed of it. */
async function readBounded(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(MAX_BYTES + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
      length += bytesRead;
      if (bytesRead === 0) return bytes.toString('utf8', 0, length);
    }
  } finally {
    await file.close();
  }
}

/** A sentence for each setting in it that does nothing yet. */
export function warnOfNoEffect({ path, manifest }: { readonly path: string; readonly manifest: Manifest }): string[] {
  return WITHOUT_EFFECT.filter(({ isSet }) => isSet(manifest)).map(
    ({ name }) => `${path}: "${name}" has no effect in this release`,
  );
}
