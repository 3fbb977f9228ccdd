import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly title: string;
  /** Its parent, and theirs. */
  readonly ancestors: readonly number[];
}

/** Every process of this machine that is not a zombie. */
export async function listProcesses(): Promise<RunningProcess[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,stat=,args=']);
  const found = stdout.split('\n').flatMap((line) => {
    const match = line.match(/^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/);
    if (match === null || match[3]?.startsWith('Z')) return [];
    return [{ pid: Number(match[1]), parent: Number(match[2]), title: match[4] as string }];
  });
  const parents = new Map(found.map((process) => [process.pid, process.parent]));
  return found.map((process) => ({ ...process, ancestors: ancestorsOf(process.pid, parents) }));
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
