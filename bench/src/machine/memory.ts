import { readFileSync } from 'node:fs';

/** Memory of one process. */
export interface Memory {
  /** Pages that no other process has: what ending it would give back. */
  readonly privateBytes: number;
  /** All its pages in memory, those of shared files and libraries included. */
  readonly residentBytes: number;
}

/** From the text of Linux's /proc/PID/smaps_rollup: proc_pid_smaps(5). */
export function parseSmapsRollup(text: string): Memory {
  const bytesOf = (name: string) => {
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
    if (kibibytes === undefined) throw new Error(`no ${name} in smaps_rollup: ${JSON.stringify(text.slice(0, 80))}`);
    return Number(kibibytes) * 1024;
  };
  return { privateBytes: bytesOf('Private_Clean') + bytesOf('Private_Dirty'), residentBytes: bytesOf('Rss') };
}

/** @throws Error where the process has ended or is another user's. */
export function readMemory(pid: number): Memory {
  return parseSmapsRollup(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
}
