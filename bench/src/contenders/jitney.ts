import type { ChildProcess } from 'node:child_process';
import { get, sendOnce } from '../load/index.js';
import { readProcesses, readTitle, treeOf } from '../machine/process-tree.js';
import { JITNEY, ROOT } from '../places.js';
import type { Children } from '../processes/children.js';
import type { BatchCount, Contender, RunningServer } from './contender.js';
import { metricValue } from './metrics-text.js';

export interface JitneyOptions {
  /** What it serves. */
  readonly paths: readonly string[];
  /** Where it keeps what it compiled, instead of in the user's cache folder. */
  readonly cacheFolder: string;
  /** Further arguments of `jitney serve`. Default: none, so its defaults. */
  readonly args?: readonly string[];
}

/** The shipped command, started as users start it, with its defaults. */
export interface RunningJitney extends RunningServer {
  readonly batches: () => Promise<BatchCount>;
  /** From the spawn of `jitney serve` to its line "ready in …". */
  readonly readyMs: number;
  /** Its processes by title: `jitney gateway`, `jitney host fraud@1` … */
  processes(): readonly JitneyProcess[];
  /** The text of /metrics. */
  metrics(): Promise<string>;
}

export interface JitneyProcess {
  readonly pid: number;
  readonly title: string;
}

export function jitney(children: Children, request: Uint8Array, options: JitneyOptions): Contender {
  return { name: 'Jitney', request, start: () => startJitney(children, options) };
}

/**
 * Resolves once all models are ready.
 * @throws Error with what it printed, where one is not or it ends.
 */
export async function startJitney(
  children: Children,
  { paths, cacheFolder, args = [] }: JitneyOptions,
): Promise<RunningJitney> {
  const startedAtMs = performance.now();
  const child = children.spawnNode([JITNEY, 'serve', ...paths, '--port', '0', ...args], {
    cwd: ROOT,
    env: environment(cacheFolder),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const port = await readyPort(child);
    return running(child, port, performance.now() - startedAtMs, () => children.end(child));
  } catch (error) {
    await children.end(child);
    throw error;
  }
}

/** Scripts are bundled into the one folder; Node 22 and later keep compiled code in the other. */
function environment(cacheFolder: string): NodeJS.ProcessEnv {
  const { JITNEY_API_KEY, FORCE_COLOR, ...inherited } = process.env;
  return { ...inherited, NO_COLOR: '1', XDG_CACHE_HOME: cacheFolder, NODE_COMPILE_CACHE: `${cacheFolder}/node` };
}

function readyPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const fail = (what: string) => reject(new Error(`jitney serve ${what}:\n${printed}`));
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      // What it prints later is read and dropped, so that it never waits for us.
      if (printed.length < 100_000) printed += chunk;
      const [, ready, all, port] = /ready in \S+ s: (\d+) of (\d+) models at http:\S+:(\d+)/.exec(printed) ?? [];
      if (port === undefined) return;
      if (ready === all) resolve(Number(port));
      else fail('could not serve every model');
    });
    child.once('error', reject);
    child.once('exit', () => fail('ended before it was ready'));
  });
}

function running(child: ChildProcess, port: number, readyMs: number, stop: () => Promise<void>): RunningJitney {
  const pid = child.pid!;
  const metrics = async () => (await sendOnce(port, get('/metrics'))).body.toString();
  return {
    port,
    pid,
    readyMs,
    stop,
    metrics,
    batches: async () => {
      const text = await metrics();
      return {
        requests: metricValue(text, 'jitney_batch_rows_count') ?? 0,
        rows: metricValue(text, 'jitney_batch_rows_sum') ?? 0,
      };
    },
    processes: () =>
      treeOf(pid, readProcesses()).map((process) => ({ pid: process.pid, title: readTitle(process.pid) })),
  };
}
