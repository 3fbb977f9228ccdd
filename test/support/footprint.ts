import { readdir, readFile, readlink } from 'node:fs/promises';
import type { RunningJitney } from './jitney.js';

/** What a running server holds of the machine. Sockets and memory are known on Linux alone: elsewhere they are 0. */
export interface Footprint {
  /** Its processes: the supervisor first, then its children. */
  readonly pids: readonly number[];
  /** Open sockets of all of them. */
  readonly sockets: number;
  /** Resident memory of all of them. */
  readonly residentBytes: number;
  /** What is in its temporary folder, at any depth. */
  readonly temporaryFiles: readonly string[];
}

/** @param temporaryFolder - which the server was started with as its own TMPDIR */
export async function footprintOf(jitney: RunningJitney, temporaryFolder: string): Promise<Footprint> {
  const pids = [jitney.pid, ...(await jitney.processes()).map(({ pid }) => pid)];
  const [sockets, resident, files] = await Promise.all([
    Promise.all(pids.map(socketsOf)),
    Promise.all(pids.map(residentBytesOf)),
    readdir(temporaryFolder, { recursive: true }),
  ]);
  return {
    pids,
    sockets: sum(sockets),
    residentBytes: sum(resident),
    temporaryFiles: files.sort(),
  };
}

/** Resolves once `isReached` holds, looking again as often as the machine allows. */
export async function until(isReached: () => Promise<boolean>): Promise<void> {
  while (!(await isReached())) await new Promise((resolve) => setImmediate(resolve));
}

/** Open sockets of the process; 0 where there is no /proc. */
async function socketsOf(pid: number): Promise<number> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(
    descriptors.map((descriptor) => readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')),
  );
  return targets.filter((target) => target.startsWith('socket:')).length;
}

/** Resident memory of the process; 0 where there is no /proc. */
export async function residentBytesOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
