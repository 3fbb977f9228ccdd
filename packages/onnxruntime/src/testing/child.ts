import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A young generation of one size: it would grow at some moment, which looks like a leak. */
const FLAGS = ['--expose-gc', '--max-semi-space-size=1'];

/** A child that hangs is killed, and its end shows that. */
const TIMEOUT_MS = 50_000;

/**
 * Runs one of the programs in `children/` as built, and waits for its end.
 * @param name Its file without the ending.
 */
export function runChild(
  name: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ChildEnd> {
  const program = fileURLToPath(new URL(`../../dist/testing/children/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [...FLAGS, program, ...args], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => {
    texts.stdout += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    texts.stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...texts }));
  });
}
