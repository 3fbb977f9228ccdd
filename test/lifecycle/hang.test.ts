import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { call, type HttpAnswer } from '../support/load.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';
import {
  BOXES_FOR_EVER,
  echo,
  echoCall,
  FOR_EVER,
  type Orders,
  puppet,
  puppetCall,
  slow,
  slowCall,
  stubborn,
  stubbornCall,
} from './models.js';

const LIMITS = [
  'supervision.heartbeatIntervalMs=50',
  'supervision.heartbeatTimeoutMs=1500',
  'supervision.runTimeoutMs=1500',
  'supervision.restartBackoffMs=1',
  'supervision.restartBackoffMaxMs=10',
].flatMap((setting) => ['--set', setting]);

let tree: ModelTree;
let jitney: RunningJitney;
beforeAll(async () => {
  tree = await plantTree({ ...echo('echo'), ...slow('slow'), ...stubborn('stubborn'), ...puppet('puppet') });
  jitney = await startJitney([tree.root], { args: LIMITS });
});
afterAll(async () => {
  await jitney.stop();
  await tree.remove();
});

const codeOf = ({ body }: HttpAnswer) => JSON.parse(body.toString()).error?.code;

async function hostPid(model: string): Promise<number> {
  const [host] = await jitney.processes(`jitney host ${model}`);
  return host?.pid as number;
}

/** Ends of this model's hosts that the log tells of. */
const endsOf = (model: string) =>
  jitney.output().match(new RegExp(`host ${model}@1#\\d+ \\(process \\d+\\) ended [^"]*`, 'g')) ?? [];

describe('a host that is stopped', () => {
  it('is ended and replaced; its requests are answered by the next, the others meanwhile', async () => {
    const pid = await hostPid('puppet');
    process.kill(pid, 'SIGSTOP');
    const held = call(jitney.port, puppetCall('puppet', { x: 5 }));
    expect((await call(jitney.port, echoCall('echo', 1))).status).toBe(200);
    expect(JSON.parse((await held).body.toString())).toEqual({ y: 5 });
    expect(await hostPid('puppet')).not.toBe(pid);
    expect(endsOf('puppet')).toEqual([expect.stringMatching(/since its event loop did not turn for \d+ ms/)]);
  });
});

describe('a run that never returns', () => {
  it('is terminated at its deadline where that can be done, and costs no host', async () => {
    const pid = await hostPid('slow');
    const answer = await call(jitney.port, slowCall('slow', FOR_EVER, 200));
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body.toString()).error).toMatch(/Request timeout expired/);
    expect((await call(jitney.port, slowCall('slow', 3))).status).toBe(200);
    expect(await hostPid('slow')).toBe(pid);
  });

  it('else ends its host, once; what waited behind it is answered by the next, health and metrics meanwhile', async () => {
    const stuck = call(jitney.port, stubbornCall('stubborn', BOXES_FOR_EVER, 200));
    const patient = call(jitney.port, stubbornCall('stubborn', BOXES_FOR_EVER + 1));
    expect((await stuck).status).toBe(503);
    const waiting = Array.from({ length: 5 }, (_, n) => call(jitney.port, stubbornCall('stubborn', n + 1)));
    const health = await Promise.all([
      get(jitney.port, '/livez'),
      get(jitney.port, '/readyz'),
      get(jitney.port, '/metrics'),
    ]);
    expect(health.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(endsOf('stubborn')).toEqual([]);
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    // It had a run of its own, which was as stuck: nobody runs that again.
    expect((await patient).status).toBe(503);
    expect(endsOf('stubborn').length).toBeLessThanOrEqual(2);
    for (const end of endsOf('stubborn')) expect(end).toMatch(/since a run took longer than 1500 ms/);
  });
});

describe('own code that never returns', () => {
  const TWICE = 'that holds the loop';
  const ONCE = 'that lets the loop turn';
  it.each<[string, string, Orders]>([
    ['in preprocess', TWICE, { before: 'loop' }],
    ['in postprocess', TWICE, { after: 'loop' }],
    ['in preprocess', ONCE, { before: 'turn' }],
    ['in postprocess', ONCE, { after: 'turn' }],
    ['in postprocess', ONCE, { x: 1, after: 'never' }],
  ])(
    '%s, %s: its request ends with its time, the others are answered, at most two hosts end',
    async (_, __, orders) => {
      const before = endsOf('puppet').length;
      const stuck = call(jitney.port, puppetCall('puppet', orders));
      const others = Array.from({ length: 8 }, (_unused, x) => call(jitney.port, puppetCall('puppet', { x })));
      expect((await call(jitney.port, echoCall('echo', 1))).status).toBe(200);
      expect((await Promise.all(others)).map(({ body }) => JSON.parse(body.toString()))).toEqual(
        others.map((_unused, x) => ({ y: x })),
      );
      expect(codeOf(await stuck)).toBe('DEADLINE_EXCEEDED');
      expect((await call(jitney.port, puppetCall('puppet', { x: 1 }))).status).toBe(200);
      const ends = endsOf('puppet').length - before;
      expect(ends).toBeGreaterThan(0);
      expect(ends).toBeLessThanOrEqual(2);
    },
  );
});
