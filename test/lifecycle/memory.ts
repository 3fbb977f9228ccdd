import { residentBytesOf } from '../support/footprint.js';
import type { RunningJitney } from '../support/jitney.js';

/** Resident memory of each process of the server by its title, in MB. */
export async function residentMegabytes(jitney: RunningJitney): Promise<Map<string, number>> {
  const family = [{ pid: jitney.pid, title: 'jitney supervisor' }, ...(await jitney.processes())];
  const sizes = await Promise.all(
    family.map(async ({ pid, title }) => [title, (await residentBytesOf(pid)) / 2 ** 20] as const),
  );
  return new Map(sizes);
}
