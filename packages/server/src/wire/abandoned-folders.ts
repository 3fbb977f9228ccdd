import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/*
 * A supervisor that was killed cannot remove its runtime folder; the next one does. The name says whose it is:
 *
 *   jitney-<where>-<pid>-<random>      where: this boot of this machine, and the pids as this container sees them
 */

/** What the names of this process's folders begin with. */
export function ownFolderPrefix(): string {
  return `jitney-${whereabouts()}-${process.pid}-`;
}

/** Removes runtime folders in `parent` that belong to this user and whose process ended. */
export function removeAbandonedFolders(parent: string): void {
  const name = new RegExp(`^jitney-${whereabouts()}-(\\d+)-`);
  for (const entry of readdirSync(parent)) {
    const pid = Number(name.exec(entry)?.[1] ?? process.pid);
    if (!isAlive(pid)) removeOwn(join(parent, entry));
  }
}

/** Pids mean nothing on another machine or in another container that shares the folder. */
function whereabouts(): string {
  const place =
    process.platform === 'linux'
      ? `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')}${readlinkSync('/proc/self/ns/pid')}`
      : hostname();
  return createHash('sha256').update(place).digest('hex').slice(0, 6);
}

/** True also for a process of another user (EPERM). */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Another supervisor may be removing it at the same time: whoever is second finds nothing. */
function removeOwn(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.uid !== process.getuid?.()) return;
  rmSync(folder, { recursive: true, force: true });
}
