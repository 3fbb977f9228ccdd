import { afterEach, describe, expect, it } from 'vitest';
import { get } from '../support/infer.js';
import { type RunningJitney, startJitney, untilGone } from '../support/jitney.js';
import { call, startLoad } from '../support/load.js';
import { type Files, type ModelTree, plantTree } from '../support/model-tree.js';
import { openRaw } from '../support/raw-connection.js';
import { residentMegabytes } from './memory.js';
import { echo, echoCall, FOR_EVER, slow, slowCall } from './models.js';

let tree: ModelTree;
let jitney: RunningJitney;
afterEach(async () => {
  await jitney.stop();
  await tree.remove();
});

async function serve(files: Files, ...args: string[]): Promise<void> {
  tree = await plantTree(files);
  jitney = await startJitney([tree.root], { args });
}

async function killGateway(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const [gateway] = await jitney.processes('jitney gateway');
  const pid = gateway?.pid as number;
  process.kill(pid, signal);
  // Until then it may accept a connection that dies with it.
  if (signal === 'SIGKILL') await untilGone([pid]);
}

/** Serving again takes a fraction of a second; a machine that does much else besides may need longer. */
const GENEROUS_MS = 5_000;

describe('a gateway that is killed', () => {
  it('is replaced on the same port; who connects meanwhile waits, and no model is loaded again', async () => {
    await serve(echo('echo'));
    const hosts = await jitney.processes('jitney host');
    for (let kill = 0; kill < 3; kill++) {
      await killGateway();
      const killedAtMs = performance.now();
      // The first connections find nobody who accepts: they wait in the backlog instead of being refused.
      const answers = await Promise.all([1, 2, 3].map((x) => call(jitney.port, echoCall('echo', x))));
      expect(performance.now() - killedAtMs).toBeLessThan(GENEROUS_MS);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    }
    expect(await jitney.processes('jitney host')).toEqual(hosts);
    expect(jitney.output().match(/gateway 1 \(process \d+\) ended by SIGKILL; another is starting/g)).toHaveLength(3);
  });

  it('costs its own connections their requests, and nothing else', async () => {
    await serve(echo('echo'));
    const CONNECTIONS = 8;
    const load = startLoad(jitney.port, CONNECTIONS, (x) => echoCall('echo', x));
    const KILLS = 4;
    await load.more(500);
    const before = await residentMegabytes(jitney);
    for (let kill = 0; kill < KILLS; kill++) {
      await load.more(200);
      await killGateway();
    }
    await load.more(500);
    const after = await residentMegabytes(jitney);
    const { failures } = await load.stop();
    const lost = [...failures.values()].reduce((sum, count) => sum + count, 0);
    expect(lost).toBeLessThanOrEqual(KILLS * CONNECTIONS);
    for (const failure of failures.keys()) expect(failure).toMatch(/socket hang up|ECONNRESET|EPIPE/);
    for (const title of ['jitney supervisor', 'jitney host echo@1']) {
      expect(after.get(title), title).toBeLessThan((before.get(title) as number) + 15);
    }
  });

  it('takes its requests with it: the hosts run none of them any more', async () => {
    await serve(slow('slow'));
    const lost = Array.from({ length: 20 }, () => call(jitney.port, slowCall('slow', FOR_EVER)).catch(() => 'lost'));
    await untilQueued((count) => count === 19);
    await killGateway();
    expect(new Set(await Promise.all(lost))).toEqual(new Set(['lost']));
    expect((await call(jitney.port, slowCall('slow', 3))).status).toBe(200);
    await untilQueued((count) => count === 0);
  });
});

describe('a gateway that is stopped', () => {
  it('is ended and replaced; who connects meanwhile waits', async () => {
    await serve(
      echo('echo'),
      ...['--set', 'supervision.heartbeatIntervalMs=50', '--set', 'supervision.heartbeatTimeoutMs=1500'],
    );
    await killGateway('SIGSTOP');
    const connection = await openRaw(jitney.port);
    // The stopped one may have been given the connection: then it ends with it.
    connection.write('GET /livez HTTP/1.1\r\nhost: test\r\n\r\n');
    await jitney.said(/gateway 1 \(process \d+\) ended since its event loop did not turn/);
    expect((await get(jitney.port, '/livez')).status).toBe(200);
    connection.close();
  });
});

describe('two gateways', () => {
  it('share the port: while one is replaced the other answers', async () => {
    await serve(echo('echo'), '--gateways', '2');
    expect(await jitney.processes('jitney gateway')).toHaveLength(2);
    const load = startLoad(jitney.port, 16, (x) => echoCall('echo', x));
    for (let kill = 0; kill < 4; kill++) {
      await load.more(200);
      await killGateway();
    }
    await load.more(500);
    const { failures } = await load.stop();
    for (const failure of failures.keys()) expect(failure).toMatch(/socket hang up|ECONNRESET|EPIPE/);
  });

  it('are counted together', async () => {
    await serve(echo('echo'), '--gateways', '2');
    await Promise.all(Array.from({ length: 64 }, (_, x) => call(jitney.port, echoCall('echo', x))));
    const { text } = await get(jitney.port, '/metrics');
    expect(text).toMatch(/^jitney_requests_total\{model="echo",version="1",protocol="oip",code="OK"\} 64$/m);
    expect(text).toMatch(/process="gateway 1"/);
    expect(text).toMatch(/process="gateway 2"/);
  });
});

async function queued(): Promise<number> {
  const { text } = await get(jitney.port, '/metrics');
  return Number(/^jitney_queue_requests\{model="slow",version="1"\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** Hosts tell at each heartbeat. */
async function untilQueued(isSo: (count: number) => boolean): Promise<void> {
  while (!isSo(await queued())) await new Promise((resolve) => setImmediate(resolve));
}
