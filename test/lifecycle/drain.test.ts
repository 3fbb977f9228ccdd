import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { get } from '../support/infer.js';
import { type RunningJitney, type StartOptions, startJitney, untilGone } from '../support/jitney.js';
import { call, startLoad } from '../support/load.js';
import { type Files, type ModelTree, plantTree } from '../support/model-tree.js';
import { openRaw } from '../support/raw-connection.js';
import { echo, echoCall, puppet, puppetCall } from './models.js';

let tree: ModelTree;
let jitney: RunningJitney;
let family: readonly number[];
afterEach(async () => {
  await jitney.stop();
  await tree.remove();
});

async function serve(files: Files, options: StartOptions = {}): Promise<void> {
  tree = await plantTree(files);
  jitney = await startJitney([tree.root], options);
  family = (await jitney.processes()).map(({ pid }) => pid);
}

/** Nothing of it is left: no process, no socket, no folder. */
async function expectNothingLeft(): Promise<void> {
  await untilGone(family);
  expect(await jitney.runtimeFolders()).toEqual([]);
}

const RUNNING = 20;

/** Requests of about a second, once all of them are in own code. */
async function startRunning(order: 'wait 1000' | 'wait 2500' | 'never', count = RUNNING) {
  const answers = Array.from({ length: count }, (_, x) => call(jitney.port, puppetCall('puppet', { x, after: order })));
  while (!(await metrics()).includes(`jitney_requests_in_flight ${count}\n`));
  return answers;
}

const metrics = async () => (await get(jitney.port, '/metrics')).text;

/** Resolves once a connection is refused. */
async function untilRefused(): Promise<void> {
  let outcome = '';
  while (outcome !== 'ECONNREFUSED') {
    const socket = connect(jitney.port, '127.0.0.1');
    outcome = await new Promise((resolve) => {
      socket.once('connect', () => resolve('connected'));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    });
    socket.destroy();
  }
}

const DELAY = ['--set', 'server.drainDelayMs=1500'];

describe.each(['SIGTERM', 'SIGINT'] as const)('%s under load', (signal) => {
  it('turns readiness off at once, answers what runs and what comes during the delay, and ends with 0', async () => {
    await serve({ ...puppet('puppet'), ...echo('echo') }, { args: DELAY });
    const running = await startRunning('wait 1000');
    jitney.signal(signal);
    while ((await get(jitney.port, '/readyz')).status !== 503);
    const late = await Promise.all([1, 2, 3].map((x) => call(jitney.port, echoCall('echo', x))));
    expect(late.map(({ status, headers }) => [status, headers.connection])).toEqual(Array(3).fill([200, 'close']));
    expect((await get(jitney.port, '/livez')).status).toBe(200);
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual(Array(RUNNING).fill(200));
    expect(await jitney.ended).toEqual({ code: 0, signal: null });
    await expectNothingLeft();
  });
});

describe('clients that never stop asking', () => {
  it('are answered until they are refused: next to no connection is reset', async () => {
    await serve(echo('echo'), { args: ['--set', 'server.drainDelayMs=300'] });
    const load = startLoad(jitney.port, 16, (x) => echoCall('echo', x));
    await load.more(500);
    jitney.signal('SIGTERM');
    await jitney.ended;
    const { failures } = await load.stop();
    const reset = [...failures].filter(([failure]) => !failure.includes('ECONNREFUSED'));
    // Between the last look into the queue and its end one may slip in; unprepared it is nearly all of them.
    expect(reset.reduce((sum, [, count]) => sum + count, 0)).toBeLessThanOrEqual(1);
  });
});

describe('a signal to the whole process group, as a terminal or a service manager sends it', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('(%s) does the same', async (signal) => {
    await serve(puppet('puppet'), { ownGroup: true });
    const running = await startRunning('wait 1000');
    process.kill(-jitney.pid, signal);
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual(Array(RUNNING).fill(200));
    expect(await jitney.ended).toEqual({ code: 0, signal: null });
    await expectNothingLeft();
    expect(jitney.output()).not.toMatch(/ ended by /);
  });
});

describe('a server that drains', () => {
  it('refuses connections after the delay, while it still answers what runs', async () => {
    await serve(puppet('puppet'));
    const [running] = await startRunning('wait 2500', 1);
    let isAnswered = false;
    void running?.then(() => {
      isAnswered = true;
    });
    jitney.signal('SIGTERM');
    await untilRefused();
    expect(isAnswered).toBe(false);
    expect((await running)?.status).toBe(200);
    expect(await jitney.ended).toEqual({ code: 0, signal: null });
  });

  it('waits for no connection that asks nothing', async () => {
    await serve(echo('echo'));
    const silent = await openRaw(jitney.port);
    const half = await openRaw(jitney.port);
    half.write('POST /v2/models/echo/infer HTTP/1.1\r\nhost: te');
    const kept = await openRaw(jitney.port);
    kept.write('GET /livez HTTP/1.1\r\nhost: test\r\n\r\n');
    await kept.answer();
    jitney.signal('SIGTERM');
    await Promise.all([silent.ended, half.ended, kept.ended]);
    expect(await jitney.ended).toEqual({ code: 0, signal: null });
    await expectNothingLeft();
  });

  it('gives up what takes longer than it may', async () => {
    await serve(puppet('puppet'), { args: ['--set', 'server.drainTimeoutMs=300'] });
    const [running] = await startRunning('never', 1);
    const lost = expect(running).rejects.toThrow();
    jitney.signal('SIGTERM');
    await lost;
    expect(await jitney.ended).toEqual({ code: 0, signal: null });
    await expectNothingLeft();
  });

  it('ends at once with a second signal, with 130', async () => {
    await serve(puppet('puppet'));
    const [running] = await startRunning('never', 1);
    const lost = expect(running).rejects.toThrow();
    const ended = jitney.ended;
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    // Two within half a second count as one: npm passes on what the terminal sent already.
    while (!isOver) {
      jitney.signal('SIGINT');
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await ended).toEqual({ code: 130, signal: null });
    await lost;
    await expectNothingLeft();
  });

  it('still replaces a host that ends, so that its requests are answered', async () => {
    await serve(puppet('puppet'));
    const [running] = await startRunning('wait 2500', 1);
    jitney.signal('SIGTERM');
    await untilRefused();
    const [host] = await jitney.processes('jitney host');
    process.kill(host?.pid as number, 'SIGKILL');
    expect((await running)?.status).toBe(200);
    expect(await jitney.ended).toEqual({ code: 0, signal: null });
  });
});

describe('a signal while models load', () => {
  it('ends the server with 0, and leaves nothing behind', async () => {
    tree = await plantTree({ ...echo('stuck'), 'stuck/model.ts': 'for (;;) {}\nexport default {};\n' });
    jitney = await startJitney([tree.root], { until: /jitney \S+ starts/ });
    while ((await jitney.processes('jitney host')).length === 0);
    family = (await jitney.processes()).map(({ pid }) => pid);
    jitney.signal('SIGTERM');
    expect(await jitney.ended).toEqual({ code: 0, signal: null });
    await expectNothingLeft();
  });
});
