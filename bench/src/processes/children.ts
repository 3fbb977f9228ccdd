import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

const KILL_AFTER_MS = 10_000;

/** The processes that a bench started, so that none outlives it. */
export class Children {
  readonly #running = new Set<ChildProcess>();
  /** Those that lead a group of their own. */
  readonly #groups = new Set<ChildProcess>();

  /** Starts `node SCRIPT ARGS…`. */
  spawnNode(args: readonly string[], options: SpawnOptions): ChildProcess {
    return this.spawn(process.execPath, args, options);
  }

  /** Starts a program. Of a `detached` one the whole group of processes ends with it. */
  spawn(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    const child = spawn(program, args, options);
    if (options.detached === true) this.#groups.add(child);
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    // One that could not be started never exits.
    child.once('error', () => this.#running.delete(child));
    return child;
  }

  /** Asks a process to end and waits until it has; kills it where that takes more than ten seconds. */
  async end(child: ChildProcess): Promise<void> {
    if (this.#running.has(child)) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
      await ended;
      clearTimeout(late);
    }
    this.#killGroup(child);
  }

  /** Asks all to end, for a bench that cannot wait for them: it is interrupted, or failed. */
  endAll(): void {
    for (const child of this.#running) child.kill('SIGTERM');
    for (const leader of this.#groups) this.#killGroup(leader);
  }

  /** What a program leaves behind when it ends. */
  #killGroup(leader: ChildProcess): void {
    if (!this.#groups.delete(leader) || leader.pid === undefined) return;
    try {
      process.kill(-leader.pid, 'SIGKILL');
    } catch (error) {
      // All have ended.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
