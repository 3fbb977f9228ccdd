import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningJitney, startJitney } from './support/jitney.js';
import { call, startLoad } from './support/load.js';

const INFER = {
  path: '/v2/models/fraud/infer',
  headers: { 'content-type': 'application/json' },
};
const FEATURES = [412.5, 38.2, 3.25, 0, 1, 0.21, 1240, 3, 0, 730];
const inferBody = JSON.stringify({ inputs: [{ name: 'features', shape: [1, 10], datatype: 'FP32', data: FEATURES }] });

describe('a host that is killed under load', () => {
  let jitney: RunningJitney;
  beforeAll(async () => {
    jitney = await startJitney(['examples/models']);
  });
  afterAll(() => jitney.stop());

  it('loses no request, again and again', async () => {
    const load = startLoad(jitney.port, 16, () => ({ ...INFER, body: inferBody }));
    for (let kill = 0; kill < 5; kill++) {
      await load.more(200);
      const [host] = await jitney.processes('jitney host fraud');
      expect(host).toBeDefined();
      process.kill(host?.pid as number, 'SIGKILL');
    }
    await load.more(200);
    const { failures } = await load.stop();
    expect(Object.fromEntries(failures)).toEqual({});
  });

  it('leaves the other hosts alone', async () => {
    const before = await jitney.processes('jitney host digits');
    const [host] = await jitney.processes('jitney host fraud');
    process.kill(host?.pid as number, 'SIGKILL');
    const answer = await call(jitney.port, { ...INFER, body: inferBody });
    expect(answer.status).toBe(200);
    expect(await jitney.processes('jitney host digits')).toEqual(before);
  });
});
