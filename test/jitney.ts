import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The project's root folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIN = fileURLToPath(new URL('../packages/server/bin/jitney.js', import.meta.url));

/** A server that was started by the shipped command. Who started it, ends it. */
export interface Jitney {
  /** For example `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly process: ChildProcess;
  /** Asks it to end and waits; answers its exit code. */
  stop(): Promise<number | null>;
}

/**
 * Starts `jitney serve …` on a free port, from the project's root, and waits until it says that it is ready.
 *
 * @throws Error with what it printed, where it ends before.
 */
export async function startJitney(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Jitney> {
  const child = spawn(process.execPath, [BIN, 'serve', ...args, '--port', '0'], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const url = await firstUrl(child);
  return {
    url,
    process: child,
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}

/** The address in its "ready in … at …" line. What it prints afterwards is read and dropped, so that it never blocks. */
async function firstUrl(child: ChildProcess): Promise<string> {
  const printed: string[] = [];
  return await new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stderr! });
    lines.on('line', (line) => {
      printed.push(line);
      const url = /ready in .* at (http:\/\/\S+)/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
    lines.on('close', () => reject(new Error(`jitney ended before it was ready:\n${printed.join('\n')}`)));
  });
}
