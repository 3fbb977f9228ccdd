import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ProcessStat,
  parseMachineCpuUs,
  parseProcessStat,
  readMachineCpuUs,
  readProcesses,
  readTitle,
  sumUs,
  treeOf,
} from './process-tree.js';

/** Fields 4 to 17 of a process with 123 + 45 ticks of its own and 6 + 7 of ended children. */
const REST = '1 21079 12722 0 -1 4194304 102 0 0 0 123 45 6 7 20 0 1 0 570359 3133440';

describe('a line of /proc/PID/stat', () => {
  it('tells pid, parent, name and times', () => {
    expect(parseProcessStat(`4242 (node) S ${REST}\n`)).toEqual({
      pid: 4242,
      parent: 1,
      name: 'node',
      cpuUs: 1_810_000,
    });
  });

  it('is read right whatever the name of the process holds', () => {
    const name = fc.string({ unit: fc.constantFrom('(', ')', ' ', '9', 'S', '\n', 'é'), maxLength: 15 });
    fc.assert(
      fc.property(name, (name) => {
        expect(parseProcessStat(`7 (${name}) R ${REST}`)).toEqual({ pid: 7, parent: 1, name, cpuUs: 1_810_000 });
      }),
    );
  });

  it.each(['', '1 node S 1', '1 (node) S 2 3', `x (node) S ${REST}`])('is refused where it is none: "%s"', (text) => {
    expect(() => parseProcessStat(text)).toThrow('no process of /proc');
  });
});

describe('a tree of processes', () => {
  const stat = (pid: number, parent: number): ProcessStat => ({ pid, parent, name: '', cpuUs: 10 ** pid });
  const all = [stat(4, 3), stat(3, 2), stat(1, 0), stat(2, 1), stat(5, 1)];

  it('holds the children of children, whatever their order', () => {
    expect(treeOf(2, all).map(({ pid }) => pid)).toEqual([2, 3, 4]);
    expect(sumUs(treeOf(2, all))).toBe(11_100);
  });

  it('is empty where the root has ended', () => {
    expect(treeOf(9, all)).toEqual([]);
  });
});

describe('the first line of /proc/stat', () => {
  it('counts everything but idle, and guests once', () => {
    expect(parseMachineCpuUs('cpu  10 20 30 1000 2000 4 5 6 7 8\ncpu0 1 1 1 1\n')).toBe(750_000);
  });

  it('is refused where it is none', () => {
    expect(() => parseMachineCpuUs('intr 1 2 3\n')).toThrow('no /proc/stat');
  });
});

describe.runIf(process.platform === 'linux')('the processes of this machine', () => {
  it('hold a child that works, with its title and its times', async () => {
    const work =
      'const until = Date.now() + 100; while (Date.now() < until); console.log("done"); setInterval(() => {}, 1e9)';
    const child = spawn(process.execPath, ['-e', work], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const processes = readProcesses();
    const found = treeOf(process.pid, processes).find(({ pid }) => pid === child.pid);
    expect(found).toMatchObject({ parent: process.pid });
    expect(found!.cpuUs).toBeGreaterThan(0);
    expect(readTitle(child.pid!)).toContain('Date.now()');
    expect(readMachineCpuUs()).toBeGreaterThan(sumUs(treeOf(process.pid, processes)));
    child.kill('SIGKILL');
    await once(child, 'exit');
    // Its time is not lost with it.
    expect(sumUs(treeOf(process.pid, readProcesses()))).toBeGreaterThanOrEqual(found!.cpuUs);
  });

  it('have no title once they have ended', () => {
    expect(readTitle(2 ** 30)).toBe('');
  });
});
