import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listProcesses, type RunningProcess } from './processes.js';

const CLI = fileURLToPath(new URL('../../packages/server/bin/jitney.js', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The shipped command, running. */
export interface RunningJitney {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** What it wrote so far. */
  readonly output: () => string;
  /** Its children whose title begins so: `jitney host fraud`. */
  readonly processes: (title?: string) => Promise<RunningProcess[]>;
  /** Folders in the temporary folder that hold its sockets: one while it runs. */
  readonly runtimeFolders: () => Promise<string[]>;
  /** Paths of the sockets in its runtime folder. */
  readonly sockets: () => Promise<string[]>;
  /** Resolves once the output matches, from what was written before on. */
  readonly said: (pattern: RegExp) => Promise<RegExpMatchArray>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Ends it and waits until it is gone, with every process it started. */
  readonly stop: () => Promise<void>;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What says that it is up; by default that it is ready. */
  readonly until?: RegExp;
  /** Into a process group of its own, which then can be signalled by minus its pid. */
  readonly ownGroup?: boolean;
}

/** The shipped command, ended. */
export interface EndedJitney {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Runs `jitney ARGS` from the build until it ends. */
export async function runJitney(args: readonly string[], options: StartOptions = {}): Promise<EndedJitney> {
  const child = spawnJitney(args, options);
  const output = collectOutput(child);
  const [code, signal] = await once(child, 'close');
  return { code, signal, output: output.text() };
}

/** Starts `jitney serve PATH… --port 0` from the build and waits until it is ready. */
export async function startJitney(paths: readonly string[], options: StartOptions = {}): Promise<RunningJitney> {
  const child = spawnJitney(['serve', ...paths, '--port', '0', ...(options.args ?? [])], options);
  const output = collectOutput(child);
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  const pid = child.pid as number;
  const stop = async () => {
    const family = (await listProcesses()).filter((process) => process.ancestors.includes(pid));
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
    await untilGone(family.map((process) => process.pid));
  };
  try {
    const [, url = ''] = await output.said(options.until ?? /ready in .* at (http:\S+)/, ended);
    return {
      url,
      port: Number(new URL(url || 'http://localhost:0').port),
      pid,
      ended,
      stop,
      output: output.text,
      said: (pattern) => output.said(pattern, ended),
      signal: (signal) => void child.kill(signal),
      runtimeFolders: () => runtimeFoldersOf(pid),
      sockets: async () => {
        const folders = await runtimeFoldersOf(pid);
        const files = await Promise.all(folders.map((folder) => readdir(folder)));
        return folders.flatMap((folder, index) => (files[index] ?? []).map((file) => join(folder, file)));
      },
      processes: async (title = 'jitney') =>
        (await listProcesses()).filter((process) => process.parent === pid && process.title.startsWith(title)),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function spawnJitney(args: readonly string[], { cwd = ROOT, env, ownGroup = false }: StartOptions): ChildProcess {
  if (!existsSync(CLI.replace('bin/jitney.js', 'dist/cli/main.js'))) throw new Error('build first: npm run build');
  return spawn(process.execPath, [CLI, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', JITNEY_API_KEY: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: ownGroup,
  });
}

function collectOutput(child: ChildProcess) {
  let text = '';
  const watchers = new Set<() => void>();
  const append = (chunk: Buffer) => {
    text += chunk.toString();
    for (const watch of watchers) watch();
  };
  child.stdout?.on('data', append);
  child.stderr?.on('data', append);
  const said = (pattern: RegExp, ended: Promise<unknown>) =>
    new Promise<RegExpMatchArray>((resolve, reject) => {
      const look = () => {
        const match = text.match(pattern);
        if (match === null) return;
        watchers.delete(look);
        resolve(match);
      };
      watchers.add(look);
      ended.then(() => reject(new Error(`ended before it said ${pattern}:\n${text}`)), reject);
      look();
    });
  return { text: () => text, said };
}

/** A supervisor's folder bears its pid. */
async function runtimeFoldersOf(supervisor: number): Promise<string[]> {
  const name = new RegExp(`^jitney-\\w+-${supervisor}-`);
  return (await readdir(tmpdir())).filter((entry) => name.test(entry)).map((entry) => join(tmpdir(), entry));
}

/** Resolves once none of the processes exists. */
export async function untilGone(pids: readonly number[]): Promise<void> {
  for (;;) {
    const alive = await listProcesses();
    if (!alive.some((process) => pids.includes(process.pid))) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
