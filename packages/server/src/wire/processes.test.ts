import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { diallingEnd, type End, request } from '../../test/wire/ends.js';
import { createRuntimeFolder, type RuntimeFolder } from './address.js';

describe('two processes', () => {
  let code: RuntimeFolder;
  let folder: RuntimeFolder;
  let child: ChildProcess;
  let end: End;

  beforeAll(async () => {
    code = createRuntimeFolder();
    await build({
      entryPoints: [join(import.meta.dirname, '../../test/wire/echo-process.ts')],
      outfile: join(code.path, 'echo-process.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      conditions: ['jitney-source'],
    });
  });

  afterAll(() => code.remove());

  beforeEach(async () => {
    folder = createRuntimeFolder();
    const path = folder.socketPath('echo');
    child = fork(join(code.path, 'echo-process.mjs'), [path], { execArgv: [] });
    await once(child, 'message');
    end = diallingEnd(path, 'gateway 1');
  });

  afterEach(async () => {
    end.connection.destroy();
    folder.remove();
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  it('exchange small and large requests, each answered once', async () => {
    const sent = Array.from({ length: 300 }, (_, id) => request(id, id % 30 === 0 ? 150_528 : 30));
    for (const frame of sent) end.connection.send(frame);
    await end.until(() => end.received.length >= sent.length);
    const bodies = new Map(end.received.map((frame) => ['id' in frame ? frame.id : -1, 'body' in frame && frame.body]));
    expect(bodies.size).toBe(sent.length);
    for (const frame of sent) expect(isDeepStrictEqual(bodies.get(frame.id), frame.body)).toBe(true);
  });

  it('name the request that one of them died of', async () => {
    end.connection.send(request(7, 30, { tenant: 'poison' }));
    await end.closed();
    expect(end.received).toEqual([{ type: 'started', ids: [7] }]);
  });

  it('end once when one of them is killed while it receives', async () => {
    end.connection.send(request(1, 30));
    await end.until(() => end.received.length >= 1);
    for (let id = 2; id < 10; id++) end.connection.send(request(id, 1_000_000));
    await end.until(() => end.received.length >= 2);
    child.kill('SIGKILL');
    await end.closed();
    expect(end.closes).toHaveLength(1);
    expect(end.connection.send({ type: 'drain' })).toBe(false);
  });
});
