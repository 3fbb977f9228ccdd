import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ownFolderPrefix } from './abandoned-folders.js';
import { createRuntimeFolder, MAX_SOCKET_PATH_BYTES, type RuntimeFolder } from './address.js';

let parent: string;
const made: RuntimeFolder[] = [];

function make(): RuntimeFolder {
  const folder = createRuntimeFolder();
  made.push(folder);
  return folder;
}

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'wire-'));
  vi.stubEnv('TMPDIR', parent);
});

afterEach(() => {
  for (const folder of made.splice(0)) folder.remove();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  rmSync(parent, { recursive: true, force: true });
});

describe.skipIf(process.platform === 'win32')('a runtime folder', () => {
  it('is in TMPDIR and its user alone may enter it', () => {
    const { path } = make();
    expect(dirname(path)).toBe(parent);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('gives a socket a path of its own that says whose it is', () => {
    const folder = make();
    expect(basename(folder.socketPath('fraud@1'))).toBe('1-fraud@1');
    expect(basename(folder.socketPath('fraud@1'))).toBe('2-fraud@1');
    expect(basename(folder.socketPath('../größe 1'))).toBe('3-.._gr__e_1');
  });

  it('keeps paths short enough to listen on, however long the names are', async () => {
    const long = join(parent, 'x'.repeat(80));
    mkdirSync(long);
    vi.stubEnv('TMPDIR', long);
    const path = make().socketPath('a-model-with-quite-a-long-name@20240101');
    expect(Buffer.byteLength(path)).toBeLessThan(MAX_SOCKET_PATH_BYTES);
    const server = createServer().listen(path);
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
  });

  it('removes a socket that was left behind, and takes none amiss that is gone', async () => {
    const folder = make();
    const path = folder.socketPath('host');
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(existsSync(path)).toBe(true);
    folder.release(path);
    folder.release(path);
    expect(existsSync(path)).toBe(false);
  });

  it('is removed with all that is in it', async () => {
    const folder = make();
    const server = createServer().listen(folder.socketPath('host'));
    await once(server, 'listening');
    folder.remove();
    expect(readdirSync(parent)).toEqual([]);
    server.close();
  });

  it('cannot be made where nothing may be written, and says what to do', () => {
    vi.stubEnv('TMPDIR', join(parent, 'none'));
    const refusal = expect.objectContaining({
      code: 'INVALID_CONFIG',
      message: `no folder for sockets can be made in ${parent}/none: set TMPDIR to a folder this user may write to`,
    });
    expect(make).toThrow(refusal);
  });
});

describe.skipIf(process.platform === 'win32')('runtime folders of other supervisors', () => {
  /** A folder as process `pid` would have made it. */
  function folderOf(pid: number, prefix = ownFolderPrefix()): string {
    const path = join(parent, `${prefix.replace(`-${process.pid}-`, `-${pid}-`)}abcdef`);
    mkdirSync(join(path, 'inside'), { recursive: true });
    return path;
  }

  it('are removed when these ended without doing so', () => {
    const abandoned = folderOf(spawnSync(process.execPath, ['-e', '']).pid);
    make();
    expect(existsSync(abandoned)).toBe(false);
  });

  it('are left alone while these run', () => {
    const inUse = folderOf(process.ppid);
    make();
    expect(existsSync(inUse)).toBe(true);
  });

  it('are left alone when their pids are those of another machine or container', () => {
    const elsewhere = folderOf(spawnSync(process.execPath, ['-e', '']).pid, `jitney-000000-${process.pid}-`);
    make();
    expect(existsSync(elsewhere)).toBe(true);
  });
});

describe('on Windows', () => {
  it('the addresses are pipes that nobody can guess', () => {
    vi.stubGlobal('process', Object.create(process, { platform: { value: 'win32' } }));
    const folder = createRuntimeFolder();
    expect(folder.socketPath('fraud@1')).toMatch(/^\\\\\.\\pipe\\jitney-[0-9a-f]{24}-1-fraud@1$/);
    expect(folder.socketPath('fraud@1')).not.toBe(folder.socketPath('fraud@1'));
    expect(createRuntimeFolder().path).not.toBe(folder.path);
  });
});
