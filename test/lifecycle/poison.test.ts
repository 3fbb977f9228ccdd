import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { get } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { call, type HttpAnswer, type HttpCall, startLoad } from '../support/load.js';
import { type Files, type ModelTree, plantTree } from '../support/model-tree.js';
import { sharedFolder } from '../support/shared.js';
import {
  divide,
  divideCall,
  echo,
  echoCall,
  fragile,
  inferCall,
  type Orders,
  poisonCall,
  puppet,
  puppetCall,
} from './models.js';

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

const GOOD = 63;

/** 63 good requests with one that is not in the middle of them, all at the same time, each on its own connection. */
async function amongGoodOnes(good: (n: number) => HttpCall, bad: HttpCall) {
  const calls = Array.from({ length: GOOD }, (_, n) => good(n));
  calls.splice(30, 0, bad);
  const answers = await Promise.all(calls.map((each) => call(jitney.port, each)));
  const [poisoned] = answers.splice(30, 1);
  return { answers, poisoned: poisoned as HttpAnswer };
}

const hostsLost = (model: string) =>
  jitney.output().match(new RegExp(`host ${model}@1#\\d+ \\(process \\d+\\) ended`, 'g'))?.length ?? 0;

async function killGateway(): Promise<void> {
  const [gateway] = await jitney.processes('jitney gateway');
  process.kill(gateway?.pid as number, 'SIGKILL');
  await jitney.said(/gateway 1 serves again/);
}

describe('a request that ends the process that runs it, among 63 good ones', () => {
  it('gets the one error, and two hosts are lost at most', async () => {
    await serve({ ...divide('divide'), ...echo('echo') });
    const [calm] = await jitney.processes('jitney host echo');
    const { answers, poisoned } = await amongGoodOnes((n) => divideCall('divide', 7 * n, 7), poisonCall('divide'));
    expect(answers.map(({ status }) => status)).toEqual(Array(GOOD).fill(200));
    expect(answers.map(({ body }) => JSON.parse(body.toString()).outputs[0].data[0])).toEqual(
      Array.from({ length: GOOD }, (_, n) => n),
    );
    expect(poisoned.status).toBe(422);
    expect(JSON.parse(poisoned.body.toString()).error).toMatch(/run alone, ended the process of 'divide' by SIGFPE/);
    expect(hostsLost('divide')).toBeLessThanOrEqual(2);
    expect(await jitney.processes('jitney host echo')).toEqual([calm]);
  });

  it('is refused when it comes again, also by a gateway that was started later, and no host is lost', async () => {
    await serve(divide('divide'));
    expect((await call(jitney.port, poisonCall('divide'))).status).toBe(422);
    expect((await call(jitney.port, divideCall('divide', 6, 3))).status).toBe(200);
    const [host] = await jitney.processes('jitney host divide');
    const again = Array.from({ length: 20 }, () => call(jitney.port, poisonCall('divide')));
    expect((await Promise.all(again)).map(({ status }) => status)).toEqual(Array(20).fill(422));
    await killGateway();
    expect((await call(jitney.port, poisonCall('divide'))).status).toBe(422);
    expect((await call(jitney.port, divideCall('divide', 6, 2))).status).toBe(200);
    expect(await jitney.processes('jitney host divide')).toEqual([host]);
  });

  it('does the same through several gateways', async () => {
    await serve(divide('divide'), '--gateways', '2');
    const { answers, poisoned } = await amongGoodOnes((n) => divideCall('divide', n, 1), poisonCall('divide'));
    expect(answers.map(({ status }) => status)).toEqual(Array(GOOD).fill(200));
    expect(poisoned.status).toBe(422);
    expect(hostsLost('divide')).toBeLessThanOrEqual(2);
    const again = Array.from({ length: 16 }, () => call(jitney.port, poisonCall('divide')));
    expect((await Promise.all(again)).map(({ status }) => status)).toEqual(Array(16).fill(422));
  });

  it.each<[string, Orders]>([
    ['aborts while it is decoded', { before: 'abort' }],
    ['aborts after its run', { after: 'abort' }],
    ['leaves the process', { before: 'exit' }],
    ['throws where nobody catches', { after: 'reject' }],
  ])('is found out also where own code %s', async (_, orders) => {
    await serve(puppet('puppet'));
    const { answers, poisoned } = await amongGoodOnes((x) => puppetCall('puppet', { x }), puppetCall('puppet', orders));
    expect(answers.map(({ body }) => JSON.parse(body.toString()))).toEqual(
      Array.from({ length: GOOD }, (_n, y) => ({ y })),
    );
    expect(JSON.parse(poisoned.body.toString()).error.code).toBe('REQUEST_CONDEMNED');
    expect(hostsLost('puppet')).toBeLessThanOrEqual(2);
  });
});

describe('many such requests, each another one', () => {
  it('do not take the model from the clients that send good ones', async () => {
    await serve(puppet('puppet'), '--set', 'supervision.restartBackoffMaxMs=200');
    const load = startLoad(jitney.port, 4, (x) => puppetCall('puppet', { x }));
    for (let n = 0; n < 6; n++) {
      await load.more(20);
      expect((await call(jitney.port, puppetCall('puppet', { x: n, after: 'abort' }))).status).toBe(422);
    }
    await load.more(20);
    expect(Object.fromEntries((await load.stop()).failures)).toEqual({});
    expect(hostsLost('puppet')).toBeGreaterThan(6);
  });
});

const ODD = sharedFolder('models', 'odd');

describe.skipIf(!ODD.isThere)(`odd/divide.onnx, ${ODD.where}`, () => {
  it('answers all but the overflow, and is not lost to it', async () => {
    await serve({ 'divide/model.onnx': await readFile(join(ODD.path, 'divide.onnx')) });
    const { text } = await get(jitney.port, '/v2/models/divide');
    const [a, b] = JSON.parse(text).inputs.map(({ name }: { name: string }) => name);
    const ask = (dividend: number, divisor: number) =>
      inferCall('divide', [
        { name: a, shape: [1], datatype: 'INT32', data: [dividend] },
        { name: b, shape: [1], datatype: 'INT32', data: [divisor] },
      ]);
    const { answers, poisoned } = await amongGoodOnes((n) => ask(n, 1), ask(-(2 ** 31), -1));
    expect(answers.map(({ status }) => status)).toEqual(Array(GOOD).fill(200));
    expect(poisoned.status).toBe(422);
    expect(hostsLost('divide')).toBeLessThanOrEqual(2);
  });
});

describe("somebody's kill of a host", () => {
  it('condemns nobody, however often a request meets it', async () => {
    await serve(puppet('puppet'));
    const orders = { x: 3, after: 'wait 400' } as const;
    const answer = call(jitney.port, puppetCall('puppet', orders));
    for (let kill = 0; kill < 3; kill++) {
      const [host] = await jitney.processes('jitney host puppet');
      process.kill(host?.pid as number, 'SIGKILL');
      await jitney.said(new RegExp(`(host puppet@1#\\d+ serves in its place[^]*){${kill + 1}}`));
    }
    expect((await answer).status).toBe(200);
    expect((await call(jitney.port, puppetCall('puppet', orders))).status).toBe(200);
  });

  it('meets it so many times and no more', async () => {
    await serve(puppet('puppet'), ...['--set', 'limits.maxAttempts=3', '--set', 'supervision.heartbeatIntervalMs=50']);
    const answer = call(jitney.port, puppetCall('puppet', { after: 'never' }));
    for (let kill = 0; kill < 3; kill++) {
      // Whoever serves has the request: the gateway sends it with the word that it serves.
      if (kill > 0) await jitney.said(new RegExp(`(host puppet@1#\\d+ serves in its place[^]*){${kill}}`));
      await untilBusy('puppet');
      const [host] = await jitney.processes('jitney host puppet');
      process.kill(host?.pid as number, 'SIGKILL');
    }
    const { status, body } = await answer;
    expect(status).toBe(503);
    expect(JSON.parse(body.toString()).error.code).toBe('HOST_LOST');
  });
});

/** The gateway counts a request until it is over; it is at the host once that says so too. */
async function untilBusy(model: string): Promise<void> {
  const busy = new RegExp(`^jitney_oldest_run_seconds\\{model="${model}",version="1"\\} 0*[.0-9]*[1-9]`, 'm');
  for (;;) {
    const { body } = await call(jitney.port, { path: '/metrics', method: 'GET' });
    if (busy.test(body.toString())) return;
  }
}

describe('a model whose self-check ends the process', () => {
  it('is served unbatched, says so, and leaves others that share its host as they are', async () => {
    const together = JSON.stringify({ host: 'together' });
    await serve({
      ...fragile('fragile'),
      ...echo('sturdy'),
      'fragile/model.json': together,
      'sturdy/model.json': together,
    });
    expect(jitney.output()).toMatch(/"fragile".*unbatched: the self-check ended the process by SIGFPE/);
    expect(jitney.output()).toMatch(/sturdy@1 .*batches up to/);
    expect(jitney.output()).toMatch(/without the self-check of fragile@1, in which it ended/);
    expect((await call(jitney.port, echoCall('sturdy', 2))).status).toBe(200);
    expect((await call(jitney.port, divideCall('fragile', 9, 3))).status).toBe(200);
  });
});
