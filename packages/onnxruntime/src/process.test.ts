import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runChild } from './testing/child.js';

const home = mkdtempSync(join(tmpdir(), 'jitney-home-'));

afterAll(() => rmSync(home, { recursive: true }));

describe('a process that ends while runs are in flight', () => {
  it.each(['exit', 'sigterm', 'loading'])('by %s does not hang, and keeps its exit code', async (way) => {
    expect(await runChild('exit-in-flight', [way])).toEqual({ code: 7, signal: null, stdout: '', stderr: '' });
  });

  it('by an uncaught error does not hang', async () => {
    const { code, stderr } = await runChild('exit-in-flight', ['throw']);
    expect(code).toBe(1);
    expect(stderr).toContain('uncaught, on purpose');
  });
});

describe('a process that uses models', () => {
  it('ends by itself, with no word from the runtime and no file left in the home folder', async () => {
    const env = { HOME: home, XDG_CACHE_HOME: join(home, 'cache'), XDG_DATA_HOME: join(home, 'data') };
    expect(await runChild('leave-quietly', [], env)).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(readdirSync(home)).toEqual([]);
  });

  it('in a worker thread leaves no file either, and ends by itself', async () => {
    const env = { HOME: home, XDG_CACHE_HOME: join(home, 'cache'), XDG_DATA_HOME: join(home, 'data') };
    expect(await runChild('worker-threads', [], env)).toEqual({ code: 0, signal: null, stdout: '4\n', stderr: '' });
    expect(readdirSync(home)).toEqual([]);
  });

  it('is warned once of a session that it lost without dispose()', async () => {
    const { code, stdout } = await runChild('leak-session');
    expect({ code, lines: stdout.trim().split('\n') }).toEqual({
      code: 0,
      lines: [expect.stringMatching(/^JitneyWarning: .*without dispose\(\)/)],
    });
  });

  it('is told that the library it named is none', async () => {
    const path = join(home, 'libonnxruntime.so');
    writeFileSync(path, 'no library');
    const { code, stderr } = await runChild('leave-quietly', [], { JITNEY_ORT_LIBRARY: path });
    expect(code).toBe(1);
    expect(stderr).toContain("code: 'INVALID_CONFIG'");
    expect(stderr).toContain(`The ONNX Runtime library ${path} (found by JITNEY_ORT_LIBRARY) cannot be loaded`);
    rmSync(path);
  });

  it('needs no more memory after 200 000 runs than after the first of them', async () => {
    const { code, stdout, stderr } = await runChild('many-runs');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const megabytes = (JSON.parse(stdout) as number[]).map((bytes) => bytes / 2 ** 20);
    // One output in eight not released (0.6 KB each) would make it 7.
    expect(mean(megabytes.slice(5)) - mean(megabytes.slice(1, 5))).toBeLessThan(4);
  }, 60_000);
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
