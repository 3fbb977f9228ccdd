import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CpuSharers, LIGHT_MODEL_BYTES } from '../wire/cpu-sharers.js';
import type { HostModel } from '../wire/messages.js';

/** @param hosts - the models of each */
export function countSharers(hosts: readonly (readonly HostModel[])[]): CpuSharers {
  const heavy = hosts.map((models) => models.filter(isHeavy).length);
  return { heavy: heavy.reduce((sum, count) => sum + count, 0), light: heavy.filter((count) => count === 0).length };
}

/**
 * By the largest file in its folder: which one a `model.ts` loads, only the host knows. A light model that is taken for a
 * heavy one costs the others a thread or two.
 */
function isHeavy({ path }: HostModel): boolean {
  const folder = dirname(path);
  try {
    return readdirSync(folder).some((file) => statSync(join(folder, file)).size >= LIGHT_MODEL_BYTES);
  } catch {
    // It is gone, or a link leads nowhere: the load says so.
    return false;
  }
}
