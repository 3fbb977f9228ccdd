import { DTYPES } from '@jitney/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createModelRequests, type RequestWishes } from '../../packages/server/src/load/requests/model-requests.js';
import { protocolModels } from '../protocol/models.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';

let tree: ModelTree;
let server: RunningJitney;
beforeAll(async () => {
  tree = await plantTree(protocolModels());
  server = await startJitney([tree.root]);
});
afterAll(async () => {
  await server.stop();
  await tree.remove();
});

const PLAIN: RequestWishes = {
  model: null,
  apiKey: null,
  timeoutMs: null,
  isBinary: false,
  body: null,
  rows: 1,
  shapes: {},
  seed: 1,
};

/** Resolves only where the server took one of them. */
const make = (path: string, wishes: Partial<RequestWishes> = {}) =>
  createModelRequests(`${server.url}${path}`, { ...PLAIN, ...wishes });

describe('requests made up from a signature are answered', () => {
  it.each(DTYPES)('with inputs of %s, in JSON and in binary, with a deadline and without', async (dtype) => {
    for (const isBinary of [false, true]) {
      const wishes = { model: dtype.toLowerCase(), isBinary, rows: 3 };
      const { requests, about } = await make('', { ...wishes, timeoutMs: 60_000 });
      expect(requests.length).toBeGreaterThan(1);
      expect(about).toBe(`3 rows of tensors ${isBinary ? 'in binary' : 'in JSON'}`);
      expect((await make('', wishes)).requests[0]!.length).toBeLessThan(requests[0]!.length);
    }
  });

  it('with several inputs, and with free dimensions that are given a length', async () => {
    await make('', { model: 'two' });
    const { bodyBytes } = await make('', { model: 'grid' });
    await make('', { model: 'grid', shapes: { x: [1, 2, 2] } });
    expect(bodyBytes).toBeGreaterThan(32 * 32);
  });

  it('of a version that the address names', async () => {
    const { path } = await make('/v2/models/versioned/versions/2');
    expect(path).toBe('/v2/models/versioned/versions/2/infer');
  });

  it('at /predict too, where the address is that', async () => {
    expect((await make('/predict/fp32')).path).toBe('/predict/fp32');
  });
});

describe('requests made up', () => {
  it('are the same for the same seed, and others for another', async () => {
    const [one, same, other] = await Promise.all([
      make('', { model: 'fp32' }),
      make('', { model: 'fp32' }),
      make('', { model: 'fp32', seed: 2 }),
    ]);
    expect(same.requests).toEqual(one.requests);
    expect(other.requests).not.toEqual(one.requests);
  });
});
