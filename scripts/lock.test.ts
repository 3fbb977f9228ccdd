import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from './lock.mjs';

const STALE_MS = 1_500;

let folder: string;
let file: string;
let diary: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitney-lock-'));
  file = join(folder, 'deep', 'lock');
  diary = join(folder, 'diary');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A process that takes the lock, notes when it enters and leaves, and holds it as `hold` says. */
function holder(name: string, hold: string): ChildProcess {
  const program = `
    import { appendFileSync } from 'node:fs';
    import { withLock } from ${JSON.stringify(new URL('lock.mjs', import.meta.url).href)};
    const note = (what) => appendFileSync(${JSON.stringify(diary)}, what + ' ${name}\\n');
    await withLock(${JSON.stringify(file)}, { staleMs: ${STALE_MS} }, async () => {
      note('enter');
      process.stdout.write('holds');
      ${hold}
      note('leave');
    });`;
  return spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
}

const FOR_A_TURN = `await new Promise((resolve) => setImmediate(resolve));`;
const FOR_EVER = `await new Promise((resolve) => setTimeout(resolve, 2 ** 30));`;

/** The diary as pairs: who entered must be who leaves next. */
function visits(): string[] {
  const lines = readFileSync(diary, 'utf8').trim().split('\n');
  return lines.flatMap((line, at) => {
    if (at % 2 === 1) return [];
    const name = line.replace('enter ', '');
    expect(lines[at + 1]).toBe(`leave ${name}`);
    return [name];
  });
}

describe('several processes that want the same lock', () => {
  it('have it one after the other', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const ends = await Promise.all(names.map((name) => once(holder(name, FOR_A_TURN), 'exit')));
    expect(ends.map(([code]) => code)).toEqual(names.map(() => 0));
    expect(visits().toSorted()).toEqual(names);
  });
});

describe('a holder that was killed', () => {
  it('is replaced, by one of those who wait at a time', async () => {
    const killed = holder('killed', FOR_EVER);
    await once(killed.stdout!, 'data');
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    rmSync(diary);
    const names = ['a', 'b', 'c'];
    await Promise.all(names.map((name) => once(holder(name, FOR_A_TURN), 'exit')));
    expect(visits().toSorted()).toEqual(names);
    expect(readdirSync(join(folder, 'deep'))).toEqual([]);
  });
});

describe('a holder that is alive', () => {
  it('keeps the lock however long it works, and those who wait say so', async () => {
    const long = holder('long', `await new Promise((resolve) => setTimeout(resolve, ${2 * STALE_MS}));`);
    await once(long.stdout!, 'data');
    let waited = 0;
    await withLock(file, { staleMs: STALE_MS, onWait: () => waited++ }, () => {
      expect(visits()).toEqual(['long']);
    });
    expect(waited).toBe(1);
  });
});

describe('work that fails', () => {
  it('gives the lock back, and its error to the caller', async () => {
    await expect(withLock(file, {}, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(existsSync(file)).toBe(false);
  });
});
