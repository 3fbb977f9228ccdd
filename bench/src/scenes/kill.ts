import type { RunningJitney } from '../contenders/jitney.js';

/**
 * `kill -9` of the one process with this title.
 * @param untilBack Begun right behind the kill; resolves when what it did is done again.
 * @returns How long that took.
 * @throws Error where there is not one such process.
 */
export async function killAndAwait(
  server: RunningJitney,
  title: string,
  untilBack: () => Promise<unknown>,
): Promise<{ readonly awayMs: number }> {
  const victims = server.processes().filter((process) => process.title.startsWith(title));
  if (victims.length !== 1) throw new Error(`${victims.length} processes are called ${title}; one was expected`);
  const killedAtMs = performance.now();
  process.kill(victims[0]!.pid, 'SIGKILL');
  await untilBack();
  return { awayMs: performance.now() - killedAtMs };
}
