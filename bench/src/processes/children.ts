import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readProcesses, readTitle, treeOf } from '../machine/process-tree.js';

const KILL_AFTER_MS = 10_000;

/** The processes that a bench started, so that none outlives it. */
export class Children {
  readonly #running = new Set<ChildProcess>();
  /** Those that may leave processes behind. */
  readonly #careless = new WeakSet<ChildProcess>();

  /** Starts `node SCRIPT ARGS…`. */
  spawnNode(args: readonly string[], options: SpawnOptions): ChildProcess {
    return this.#watch(spawn(process.execPath, args, options));
  }

  /** Starts a program of others, which may leave processes behind when it ends: these are ended with it. */
  spawnCareless(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    const child = spawn(program, args, options);
    this.#careless.add(child);
    return this.#watch(child);
  }

  /** Asks a process to end and waits until it has; kills it where that takes more than ten seconds. */
  async end(child: ChildProcess): Promise<void> {
    if (!this.#running.has(child)) return;
    const family = this.#careless.has(child) ? familyOf(child) : [];
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    await ended;
    clearTimeout(late);
    killAll(family);
  }

  /** Asks all to end, for a bench that cannot wait for them: it is interrupted, or failed. */
  endAll(): void {
    for (const child of this.#running) {
      if (this.#careless.has(child)) killAll(familyOf(child));
      else child.kill('SIGTERM');
    }
  }

  #watch(child: ChildProcess): ChildProcess {
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    // One that could not be started never exits.
    child.once('error', () => this.#running.delete(child));
    return child;
  }
}

interface Member {
  readonly pid: number;
  readonly title: string;
}

/** A process and all that descend from it. */
function familyOf({ pid }: ChildProcess): Member[] {
  if (pid === undefined) return [];
  return treeOf(pid, readProcesses()).map((process) => ({ pid: process.pid, title: readTitle(process.pid) }));
}

function killAll(family: readonly Member[]): void {
  for (const { pid, title } of family) {
    // Where it has ended, its number may be another's by now.
    if (title === '' || readTitle(pid) !== title) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
