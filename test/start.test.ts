import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { untilGone } from './support/jitney.js';
import { listProcesses } from './support/processes.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const EXAMPLES = ['digits', 'fraud', 'recommender'];

let npm: ChildProcess | null = null;
afterEach(async () => {
  if (npm?.exitCode !== null || npm.signalCode !== null) return;
  const family = await descendants(npm.pid!);
  npm.kill('SIGKILL');
  for (const pid of family) process.kill(pid, 'SIGKILL');
});

/** `npm start -- ARGS`, as a person would. */
function npmStart(...args: readonly string[]): ChildProcess {
  npm = spawn('npm', ['start', '--silent', '--', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
    shell: process.platform === 'win32',
  });
  return npm;
}

async function readyAt(child: ChildProcess): Promise<string> {
  let printed = '';
  for await (const chunk of child.stderr!.iterator({ destroyOnReturn: false })) {
    printed += chunk;
    const url = /ready in .* at (http:\S+)/.exec(printed)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`npm start ended before it was ready:\n${printed}`);
}

async function descendants(pid: number): Promise<number[]> {
  const all = await listProcesses();
  return all.filter(({ ancestors }) => ancestors.includes(pid)).map((process) => process.pid);
}

describe('npm start', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('serves the examples until %s, and leaves nothing behind', async (signal) => {
    const child = npmStart('--port', '0');
    const url = await readyAt(child);
    const ready = await Promise.all(EXAMPLES.map((model) => fetch(`${url}/v2/models/${model}/ready`)));
    expect(ready.map(({ status }) => status)).toEqual(EXAMPLES.map(() => 200));
    const family = await descendants(child.pid!);
    expect(family.length).toBeGreaterThan(EXAMPLES.length);

    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
    await untilGone(family);
  });

  it('ends in order although npm passes on what the terminal already said', async () => {
    const child = npmStart('--port', '0');
    await readyAt(child);
    const supervisor = (await listProcesses()).find(({ parent }) => parent === child.pid);
    process.kill(supervisor!.pid, 'SIGINT');
    process.kill(supervisor!.pid, 'SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('passes on what is wrong with an option, and its exit code', async () => {
    const child = npmStart('--port', 'many');
    const [printed, [code]] = await Promise.all([text(child.stderr!), once(child, 'exit')]);
    expect(printed).toContain('server.port (flag --port) is "many"; expected a whole number from 0 to 65535');
    expect(code).toBe(3);
  });
});
