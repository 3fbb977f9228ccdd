import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { get } from '../support/infer.js';
import { type RunningJitney, type StartOptions, startJitney, untilGone } from '../support/jitney.js';
import { call } from '../support/load.js';
import { type Files, type ModelTree, plantTree } from '../support/model-tree.js';
import { listProcesses } from '../support/processes.js';
import { divide, divideCall, echo, echoCall, poisonCall, puppet, puppetCall } from './models.js';

let tree: ModelTree;
let jitney: RunningJitney;
afterEach(async () => {
  await jitney?.stop();
  await tree.remove();
});

async function serve(files: Files, options?: StartOptions): Promise<void> {
  tree = await plantTree(files);
  jitney = await startJitney([tree.root], options);
}

interface Line {
  readonly level: string;
  readonly time: string;
  readonly name: string;
  readonly msg: string;
}

/** Every line that was written; throws where one is no JSON. */
const lines = (): Line[] =>
  jitney
    .output()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** What it said of this, level and text, with pids and times left out. */
const told = (about: RegExp) =>
  lines()
    .filter(({ msg }) => about.test(msg))
    .map(({ level, msg }) => `${level}: ${msg.replace(/process \d+/, 'process N').replace(/\d+ ms/, 'N ms')}`);

describe('a server whose output is no terminal', () => {
  it('writes one JSON object a line: who, when, how severe, what', async () => {
    await serve({ ...echo('echo'), 'bad/model.onnx': 'not a model' });
    for (const line of lines()) {
      expect(line).toMatchObject({ level: expect.any(String), name: 'supervisor', msg: expect.any(String) });
      expect(new Date(line.time).toISOString()).toBe(line.time);
    }
    expect(told(/echo@1/)).toEqual([expect.stringMatching(/^info: echo@1 \(N ms, \S+ MB, batches up to 64 rows\)$/)]);
    expect(told(/bad@1/)).toEqual([expect.stringMatching(/^error: Model bad@1: file .*Fix: /)]);
    expect(told(/ready in/)).toEqual([expect.stringMatching(/^info: ready in \S+ s: 1 of 2 models at http:\S+/)]);
  });

  it('tells of a killed host who died, why, and what came instead', async () => {
    await serve(echo('echo'));
    const [host] = await jitney.processes('jitney host');
    process.kill(host?.pid as number, 'SIGKILL');
    await jitney.said(/serves in its place/);
    expect(told(/host echo/)).toEqual([
      'warn: host echo@1#1 (process N) ended by SIGKILL; another is starting',
      'info: host echo@1#2 serves in its place, after N ms',
    ]);
  });

  it('tells of a host that ended by a fault, and of the request that is to blame', async () => {
    await serve(divide('divide'));
    await call(jitney.port, poisonCall('divide'));
    await call(jitney.port, divideCall('divide', 1, 1));
    await jitney.said(/divide@1#3 serves/);
    expect(told(/divide@1[# ]/).slice(1)).toEqual([
      'error: host divide@1#1 (process N) ended by SIGFPE; another is starting',
      'info: host divide@1#2 serves in its place, after N ms',
      'error: host divide@1#2 (process N) ended by SIGFPE; another is starting in N ms',
      'error: a request of divide@1 ended its host by SIGFPE while alone in it: it is refused from now on',
      'info: host divide@1#3 serves in its place, after N ms',
    ]);
  });

  it('tells of a gateway, and of its own end', async () => {
    await serve(echo('echo'));
    const [gateway] = await jitney.processes('jitney gateway');
    process.kill(gateway?.pid as number, 'SIGKILL');
    await jitney.said(/gateway 1 serves again/);
    jitney.signal('SIGTERM');
    await jitney.ended;
    expect(told(/gateway|SIGTERM/)).toEqual([
      'error: gateway 1 (process N) ended by SIGKILL; another is starting',
      'info: gateway 1 serves again, after N ms',
      'info: SIGTERM: answering what runs, then ending (again to end at once)',
    ]);
  });

  it('tells what own code threw, with its place and the request it was for', async () => {
    await serve(puppet('puppet'));
    const { headers } = await call(jitney.port, puppetCall('puppet', { after: 'throw' }));
    await jitney.said(/told to throw/);
    const line = lines().find(({ level }) => level === 'error');
    expect(line).toMatchObject({
      name: 'host puppet@1',
      requestId: headers['x-request-id'],
      code: 'USER_CODE_ERROR',
      err: { message: 'told to throw', stack: expect.stringMatching(/model\.ts:\d+/) },
    });
  });
});

describe('a server whose log is to be read by people', () => {
  it('writes the same as text', async () => {
    await serve(echo('echo'), { args: ['--log-format', 'pretty'] });
    const [host] = await jitney.processes('jitney host');
    process.kill(host?.pid as number, 'SIGKILL');
    await jitney.said(/serves in its place/);
    expect(jitney.output()).toMatch(/✓ echo@1 \(\d+ ms, \S+ MB, batches up to 64 rows\)/);
    expect(jitney.output()).toMatch(/\n {4}ONNX Runtime \S+ on CPU, 1 thread, since the model is small/);
    expect(jitney.output()).toMatch(/WARN.*host echo@1#1 \(process \d+\) ended by SIGKILL; another is starting/);
    expect(jitney.output()).not.toMatch(/^\{/m);
  });
});

describe('the key of a server', () => {
  const KEY = 'a-key-that-nobody-may-read';
  const SPYING = `
    import { defineModel } from 'jitney';
    import * as z from 'zod';
    export default defineModel({
      model: './model.onnx',
      input: z.object({}),
      output: z.object({ found: z.string() }),
      preprocess: () => ({ x: [0] }),
      postprocess: () => ({ found: JSON.stringify(process.env) }),
    });`;

  it('is in no log line, in no process list, and out of the reach of own code', async () => {
    await serve(
      { ...echo('echo'), ...echo('spy'), 'spy/model.ts': SPYING, ...puppet('puppet') },
      { env: { JITNEY_API_KEY: KEY }, args: ['--log-level', 'trace'] },
    );
    const authorization = `Bearer ${KEY}`;
    const spied = await call(jitney.port, {
      path: '/predict/spy',
      headers: { 'content-type': 'application/json', authorization },
      body: '{"inputs":{}}',
    });
    expect(spied.status).toBe(200);
    expect(spied.body.toString()).not.toContain(KEY);
    for (const request of [echoCall('echo', 1), puppetCall('puppet', { after: 'throw' }), poisonCall('echo')]) {
      await call(jitney.port, { ...request, headers: { ...request.headers, authorization } });
      await call(jitney.port, { ...request, headers: { ...request.headers, authorization: `Bearer wrong-${KEY}` } });
    }
    await get(jitney.port, '/metrics', { authorization });
    const { text } = await get(jitney.port, '/metrics', { 'x-api-key': KEY });
    expect(text).not.toContain(KEY);
    jitney.signal('SIGTERM');
    await jitney.ended;
    expect(jitney.output()).not.toContain(KEY);
  });
});

describe('the processes of a server', () => {
  it('have titles that read well', async () => {
    const together = { 'b/model.json': '{"host":"shared"}', 'c/model.json': '{"host":"shared"}' };
    await serve({ ...echo('a'), ...echo('b'), ...echo('c'), ...together });
    const supervisor = (await listProcesses()).find(({ pid }) => pid === jitney.pid);
    expect(supervisor?.title).toBe('jitney supervisor');
    expect((await jitney.processes()).map(({ title }) => title).sort()).toEqual([
      'jitney gateway',
      'jitney host a@1',
      'jitney host b@1+c@1',
    ]);
  });
});

describe('a reader of the log that is gone', () => {
  it('ends nothing: the server goes on', async () => {
    tree = await plantTree(echo('echo'));
    const cli = fileURLToPath(new URL('../../packages/server/bin/jitney.js', import.meta.url));
    const child = spawn(process.execPath, [cli, 'serve', tree.root, '--port', '0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let output = '';
    for await (const chunk of child.stderr.iterator({ destroyOnReturn: true })) {
      output += chunk;
      if (/ready in/.test(output)) break;
    }
    const port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1]);
    const hostPid = async () =>
      (await listProcesses()).find(({ parent, title }) => parent === child.pid && title.startsWith('jitney host'))?.pid;
    const pid = (await hostPid()) as number;
    process.kill(pid, 'SIGKILL');
    await untilGone([pid]);
    expect((await call(port, echoCall('echo', 1))).status).toBe(200);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
