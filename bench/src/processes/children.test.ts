import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Children } from './children.js';

/** A program that starts another one in a session of its own, which says so and is not ended. Both hold its output open. */
const CARELESS = ['-c', "setsid sh -c 'echo started; exec sleep 600' & exec sleep 601"];

async function startCareless(children: Children): Promise<ChildProcess> {
  const child = children.spawnCareless('/bin/sh', CARELESS, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout!, 'data');
  return child;
}

describe.runIf(process.platform === 'linux')('a program that leaves processes behind', () => {
  it('ends with all that it started', async () => {
    const children = new Children();
    const child = await startCareless(children);
    const closed = once(child, 'close');
    await children.end(child);
    expect(await closed).toEqual([null, 'SIGTERM']);
  });

  it('ends with them at once where the bench ends', async () => {
    const children = new Children();
    const closed = once(await startCareless(children), 'close');
    children.endAll();
    expect(await closed).toEqual([null, 'SIGKILL']);
  });
});

describe('a program of the bench', () => {
  it('ends once, however often it is asked to', async () => {
    const children = new Children();
    const child = children.spawnNode(['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await Promise.all([children.end(child), children.end(child)]);
    await children.end(child);
    expect(child.signalCode).toBe('SIGTERM');
  });
});
