import { readdirSync, readFileSync } from 'node:fs';

/** One process, as Linux's /proc/PID/stat tells of it: proc_pid_stat(5). */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Up to 15 bytes; it may hold spaces and parentheses. */
  readonly name: string;
  /** Processor time so far, user and system; that of its ended children included, once it took note of their end. */
  readonly cpuUs: number;
}

/** Linux counts these times in hundredths of a second towards programs, whatever its own clock (USER_HZ). */
const US_IN_TICK = 10_000;

/** @throws Error where the text is none. */
export function parseProcessStat(text: string): ProcessStat {
  // The name stands in parentheses and is the only field that may hold some itself.
  const nameStart = text.indexOf('(');
  const nameEnd = text.lastIndexOf(')');
  const fields = text.slice(nameEnd + 2).split(' ');
  // The first of these is field 3 of the manual page; times are fields 14 to 17.
  const times = fields.slice(11, 15).map(Number);
  const [pid, parent] = [Number(text.slice(0, nameStart)), Number(fields[1])];
  if (nameStart === -1 || times.length < 4 || [pid, parent, ...times].some((field) => !Number.isInteger(field))) {
    throw new Error(`no process of /proc: ${JSON.stringify(text.slice(0, 80))}`);
  }
  const ticks = times.reduce((sum, time) => sum + time, 0);
  return { pid, parent, name: text.slice(nameStart + 1, nameEnd), cpuUs: ticks * US_IN_TICK };
}

/** Every process of this machine. */
export function readProcesses(): ProcessStat[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(readProcess).filter((process) => process !== null);
}

function readProcess(pid: string): ProcessStat | null {
  const text = readOrNull(`/proc/${pid}/stat`);
  return text === null ? null : parseProcessStat(text);
}

/** What the process calls itself: its command line, or the title that took its place. Empty where it has ended. */
export function readTitle(pid: number): string {
  return (readOrNull(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim();
}

/** `root` and all its descendants. */
export function treeOf(root: number, processes: readonly ProcessStat[]): ProcessStat[] {
  const found = processes.filter(({ pid }) => pid === root);
  for (let i = 0; i < found.length; i++) {
    const { pid } = found[i]!;
    found.push(...processes.filter(({ parent }) => parent === pid));
  }
  return found;
}

/** Processor time of them all so far. Of a whole tree, that of ended processes is in it. */
export function sumUs(processes: readonly ProcessStat[]): number {
  return processes.reduce((sum, { cpuUs }) => sum + cpuUs, 0);
}

/** Processor time that anything on this machine took so far, from the text of /proc/stat: proc_stat(5). */
export function parseMachineCpuUs(text: string): number {
  const [, user, nice, system, , , irq, softirq, steal] = text.slice(0, text.indexOf('\n')).split(/ +/).map(Number);
  const ticks = user! + nice! + system! + irq! + softirq! + steal!;
  if (!text.startsWith('cpu ') || !Number.isInteger(ticks)) {
    throw new Error(`no /proc/stat: ${JSON.stringify(text.slice(0, 80))}`);
  }
  return ticks * US_IN_TICK;
}

export function readMachineCpuUs(): number {
  return parseMachineCpuUs(readFileSync('/proc/stat', 'utf8'));
}

/** `null` where the process has ended, be it while it is read. */
function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}
