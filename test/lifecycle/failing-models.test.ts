import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { get } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { call } from '../support/load.js';
import { type Files, type ModelTree, plantTree } from '../support/model-tree.js';
import { sharedFolder } from '../support/shared.js';
import { echo, echoCall, puppet, puppetCall } from './models.js';

const QUICK = [
  'supervision.restartBackoffMs=1',
  'supervision.restartBackoffMaxMs=10',
  'supervision.loadTimeoutMs=5000',
].flatMap((setting) => ['--set', setting]);

const ODD = sharedFolder('models', 'odd');

/** A model whose code does this when it is imported. */
const importing = (name: string, code: string): Files => ({
  ...echo(name),
  [`${name}/model.ts`]: `${code}\nexport default {};\n`,
});

async function broken(): Promise<Files> {
  const whole = echo('half')['half/model.onnx'] as Uint8Array;
  return {
    ...echo('fine'),
    'corrupt/model.onnx': 'not a model at all',
    'half/model.onnx': whole.subarray(0, whole.byteLength / 2),
    ...importing('throws', "throw new Error('told to throw');"),
    ...importing(
      'throws-later',
      "setTimeout(() => { throw new Error('told to throw later'); }); await new Promise(() => {});",
    ),
    ...importing('loops', 'for (;;) {}'),
    ...importing('exits', 'process.exit(3);'),
    ...importing('aborts', 'process.abort();'),
    ...importing('wrong', 'const = 3;'),
    ...(ODD.isThere && { 'external/model.onnx': await readFile(join(ODD.path, 'external-missing.onnx')) }),
  };
}

/** What each is told to be wrong with. */
const REASONS: Readonly<Record<string, RegExp>> = {
  corrupt: /corrupt\/model\.onnx, stage read: it is not an ONNX model.*Fix: /,
  half: /half\/model\.onnx, stage read: it is cut short or damaged.*Fix: /,
  throws: /throws\/model\.ts: cannot be imported: told to throw/,
  'throws-later':
    /given up: its process kept ending, the last time with code 1 while it loaded throws-later, in stage 'code'/,
  loops:
    /given up: its process ended since the load of loops, in stage 'code' took longer than supervision\.loadTimeoutMs/,
  exits: /given up: its process kept ending, the last time with code 3/,
  aborts: /given up: its process kept ending, the last time by SIGABRT while it loaded aborts/,
  wrong: /wrong\/model\.ts: .*line 1/,
  ...(ODD.isThere && { external: /external/ }),
};

describe('models that cannot be loaded', () => {
  let tree: ModelTree;
  let jitney: RunningJitney;
  beforeAll(async () => {
    tree = await plantTree(await broken());
    jitney = await startJitney([tree.root], { args: QUICK });
  });
  afterAll(async () => {
    await jitney.stop();
    await tree.remove();
  });

  it('are told by name and reason when the server is ready, and leave the others to serve', async () => {
    expect(jitney.output()).toMatch(new RegExp(`1 of ${Object.keys(REASONS).length + 1} models`));
    expect((await call(jitney.port, echoCall('fine', 1))).status).toBe(200);
  });
  it('keep the server from being ready, by name, and not from being alive', async () => {
    const { status, text } = await get(jitney.port, '/readyz');
    expect(status).toBe(503);
    const { models } = JSON.parse(text);
    expect(Object.keys(models).sort()).toEqual(
      Object.keys(REASONS)
        .map((name) => `${name}@1`)
        .sort(),
    );
    for (const [name, reason] of Object.entries(REASONS)) expect(models[`${name}@1`]).toMatch(reason);
    expect((await get(jitney.port, '/livez')).status).toBe(200);
  });
  it('answer with that reason', async () => {
    const { status, body } = await call(jitney.port, echoCall('half', 1));
    expect(status).toBe(503);
    expect(JSON.parse(body.toString()).error).toMatch(REASONS.half as RegExp);
  });
  it('have no process any more', async () => {
    expect(await jitney.processes('jitney host')).toHaveLength(1);
    expect(await jitney.sockets()).toHaveLength(1);
  });
  it('are told in the log with what own code threw where nobody caught it', () => {
    expect(jitney.output()).toMatch(
      /"level":"fatal".*nobody caught what the model's own code threw: told to throw later/,
    );
  });
});

describe('a model that ends its process at each request', () => {
  let tree: ModelTree;
  let jitney: RunningJitney;
  afterEach(async () => {
    await jitney.stop();
    await tree.remove();
  });

  it('is given up, loudly, while the others serve', async () => {
    tree = await plantTree({ ...puppet('crashing'), ...echo('fine') });
    jitney = await startJitney([tree.root], { args: QUICK });
    const codes: string[] = [];
    for (let x = 0; codes.at(-1) !== 'MODEL_FAILED'; x++) {
      const { body } = await call(jitney.port, puppetCall('crashing', { x, after: 'abort' }));
      codes.push(JSON.parse(body.toString()).error.code);
      expect((await call(jitney.port, echoCall('fine', x))).status).toBe(200);
    }
    // Five restarts are allowed; each request ends two hosts.
    expect(codes).toEqual(['REQUEST_CONDEMNED', 'REQUEST_CONDEMNED', 'REQUEST_CONDEMNED', 'MODEL_FAILED']);
    expect(jitney.output()).toMatch(
      /"level":"error".*host crashing@1#\d+ \(process \d+\) ended by SIGABRT; it is given up/,
    );
    const { status, text } = await get(jitney.port, '/readyz');
    expect(status).toBe(503);
    expect(JSON.parse(text).models).toEqual({
      'crashing@1': 'failed: given up: its process kept ending, the last time by SIGABRT',
    });
    expect((await get(jitney.port, '/livez')).status).toBe(200);
    expect(await jitney.processes('jitney host')).toHaveLength(1);
  });
});
