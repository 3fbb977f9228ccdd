import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runJitney } from '../support/jitney.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';
import { echo } from './models.js';

let tree: ModelTree;
beforeAll(async () => {
  tree = await plantTree({ ...echo('echo'), 'bad/model.onnx': 'not a model', 'empty/readme.txt': 'nothing here' });
});
afterAll(() => tree.remove());

const isRoot = process.getuid?.() === 0;

describe('jitney serve ends before it serves', () => {
  it('with 3 where the port is taken, and names the fix', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = String((other.address() as AddressInfo).port);
    const { code, output } = await runJitney(['serve', `${tree.root}/echo`, '--port', port]);
    other.close();
    expect(code).toBe(3);
    expect(output).toMatch(/is taken by another program: choose another with --port N/);
  });
  it.each([
    ['there is nothing at the path', 'nowhere', /no such file or folder/],
    ['there is no model at the path', 'empty', /no model found/],
  ])('with 3 where %s', async (_, path, reason) => {
    const { code, output } = await runJitney(['serve', `${tree.root}/${path}`, '--port', '0']);
    expect(code).toBe(3);
    expect(output).toMatch(reason);
  });
  it.skipIf(isRoot)('with 3 where the path may not be read', async () => {
    await chmod(`${tree.root}/empty`, 0o000);
    const { code, output } = await runJitney(['serve', `${tree.root}/empty`, '--port', '0']);
    await chmod(`${tree.root}/empty`, 0o700);
    expect(code).toBe(3);
    expect(output).toMatch(/permission/i);
  });
  it.each([[['serve']], [['serve', 'x', '--nonsense']], [['nonsense']], [[]]])(
    'with 2 where it is called wrongly: %j',
    async (args) => {
      expect((await runJitney(args)).code).toBe(2);
    },
  );
  it('with 3 where a setting is wrong', async () => {
    const { code, output } = await runJitney(['serve', `${tree.root}/echo`, '--set', 'limits.maxRows=1']);
    expect(code).toBe(3);
    expect(output).toMatch(/limits\.maxRows: no such setting/);
  });
});

describe('jitney check', () => {
  it('ends with 0 where everything can be served, and with 5 where something cannot', async () => {
    expect((await runJitney(['check', `${tree.root}/echo`])).code).toBe(0);
    const { code, output } = await runJitney(['check', `${tree.root}/echo`, `${tree.root}/bad`]);
    expect(code).toBe(5);
    expect(output).toMatch(/✗ bad@1.*it is not an ONNX model/s);
  });
});

describe('jitney --help', () => {
  it('documents these codes', async () => {
    const { code, output } = await runJitney(['--help']);
    expect(code).toBe(0);
    expect(output).toMatch(
      /Exit codes: 0 done, 1 failed, 2 wrong usage, 3 wrong configuration, 5 a model cannot be served, 130 interrupted/,
    );
  });
});
