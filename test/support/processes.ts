import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly title: string;
  /** Its parent, and theirs. */
  readonly ancestors: readonly number[];
}

type Found = Omit<RunningProcess, 'ancestors'>;

/** Every process of this machine that is not a zombie. */
export async function listProcesses(): Promise<RunningProcess[]> {
  // Small images of Linux have no ps.
  const found = process.platform === 'linux' ? await readProc() : await askPs();
  const parents = new Map(found.map((process) => [process.pid, process.parent]));
  return found.map((process) => ({ ...process, ancestors: ancestorsOf(process.pid, parents) }));
}

async function readProc(): Promise<Found[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map(readProcess));
  return found.filter((process) => process !== null);
}

async function readProcess(pid: string): Promise<Found | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const title = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    // The name before them is in parentheses and may hold anything: proc(5).
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? null : { pid: Number(pid), parent: Number(parent), title };
  } catch {
    // It ended while it was read.
    return null;
  }
}

async function askPs(): Promise<Found[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,stat=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const match = line.match(/^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/);
    if (match === null || match[3]?.startsWith('Z')) return [];
    return [{ pid: Number(match[1]), parent: Number(match[2]), title: match[4] as string }];
  });
}

function ancestorsOf(pid: number, parents: ReadonlyMap<number, number>): number[] {
  const ancestors: number[] = [];
  for (
    let parent = parents.get(pid);
    parent !== undefined && parent > 0 && ancestors.length < 64;
    parent = parents.get(parent)
  ) {
    ancestors.push(parent);
  }
  return ancestors;
}

/** Processor time that the process has used, in ticks of the system (1/100 s); 0 once it is gone, or without /proc. */
export async function cpuTicks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return Number(user ?? 0) + Number(system ?? 0);
}
