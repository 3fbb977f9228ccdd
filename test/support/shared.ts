import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SHARED = process.env.JITNEY_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));

/** A folder of real models or cases that lies beside the project on some machines. */
export interface SharedFolder {
  readonly path: string;
  readonly isThere: boolean;
  /** For titles, so that the report says why nothing ran. */
  readonly where: string;
}

/** @param segments - its path inside `../shared`, or inside JITNEY_SHARED where that is set */
export function sharedFolder(...segments: readonly string[]): SharedFolder {
  const path = join(SHARED, ...segments);
  const isThere = existsSync(path);
  return { path, isThere, where: isThere ? 'beside the project' : `beside the project: absent, looked for in ${path}` };
}
