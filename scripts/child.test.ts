import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { run } from './child.mjs';

const CHILD = new URL('child.mjs', import.meta.url).href;

/** A program that runs `inner` as its child by `run`, and answers how both ended. */
function program(inner: string, after = '') {
  const source = `
    import { orExit, run } from ${JSON.stringify(CHILD)};
    await orExit(async () => {
      const code = await run(process.execPath, ['-e', ${JSON.stringify(inner)}]);
      ${after}
    });`;
  return spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'ignore', 'pipe'] });
}

describe('a child that ends by itself', () => {
  it.each([0, 7])('answers its exit code %i', async (code) => {
    expect(await run(process.execPath, ['-e', `process.exit(${code})`])).toBe(code);
  });

  it('that a signal ended is a failure', async () => {
    expect(await run(process.execPath, ['-e', 'process.kill(process.pid, "SIGKILL")'])).toBe(1);
  });

  it('that cannot be started is an error', async () => {
    await expect(run('/no/such/program', [])).rejects.toThrow('ENOENT');
  });
});

describe.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('a program that gets %s while its child runs', (signal) => {
  it('passes it on, waits for the child, and ends by it', async () => {
    const inner = `
      process.on('${signal}', () => setImmediate(() => { console.log('child cleaned up'); process.exit(0); }));
      setInterval(() => {}, 1000);
      console.log('child runs');`;
    const outer = program(inner, 'console.error("went on");');
    const printed = text(outer.stderr);
    await once(outer.stderr, 'data');
    outer.kill(signal);
    expect(await once(outer, 'exit')).toEqual([null, signal]);
    expect(await printed).toContain('child cleaned up');
    expect(await printed).not.toContain('went on');
  });
});

describe('work that fails', () => {
  it('ends the program with its message alone and code 1', async () => {
    const outer = program('process.exit(3)', 'throw new Error("the child gave " + code);');
    const [printed, [code]] = await Promise.all([text(outer.stderr), once(outer, 'exit')]);
    expect(printed).toBe('the child gave 3\n');
    expect(code).toBe(1);
  });
});
