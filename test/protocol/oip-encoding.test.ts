import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { infer } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { call } from '../support/load.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';
import { protocolModels } from './models.js';

let tree: ModelTree;
let jitney: RunningJitney;
beforeAll(async () => {
  tree = await plantTree(protocolModels());
  jitney = await startJitney([tree.root]);
});
afterAll(async () => {
  await jitney.stop();
  await tree.remove();
});

const path = '/v2/models/fp32/infer';
const requestOf = (rows: number) =>
  JSON.stringify({
    inputs: [
      { name: 'x', shape: [rows, 3], datatype: 'FP32', data: Array.from({ length: rows * 3 }, (_, i) => i / 4) },
    ],
  });
const SMALL = requestOf(1);
const LARGE = requestOf(20_000);

describe('a compressed request', () => {
  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['GZIP', gzipSync],
  ] as const)('%s is answered as the plain one', async (encoding, compress) => {
    for (const body of [SMALL, LARGE]) {
      const plain = await infer(jitney.port, 'fp32', body);
      const answer = await call(jitney.port, { path, body: compress(body), headers: { 'content-encoding': encoding } });
      expect(answer.status).toBe(200);
      expect(answer.body.equals(plain.body)).toBe(true);
    }
  });

  it('the length of its JSON part counts the bytes before compression', async () => {
    const json = Buffer.from(
      '{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":12}}]}',
    );
    const body = gzipSync(Buffer.concat([json, Buffer.from(Float32Array.of(1, 2, 3).buffer)]));
    const headers = { 'content-encoding': 'gzip', 'inference-header-content-length': json.length };
    const answer = await call(jitney.port, { path, body, headers });
    expect(JSON.parse(answer.body.toString()).outputs[0].data).toEqual([1, 2, 3]);
  });

  it.each([['br'], ['zstd'], ['gzip, deflate'], ['x']])('%s: 501, and what would be taken', async (encoding) => {
    const answer = await call(jitney.port, { path, body: SMALL, headers: { 'content-encoding': encoding } });
    expect(answer.status).toBe(501);
    expect(answer.headers['accept-encoding']).toBe('gzip, deflate');
    expect(JSON.parse(answer.body.toString()).error).toContain(encoding);
  });

  it('identity, and none, are plain', async () => {
    for (const encoding of ['identity', '']) {
      const answer = await call(jitney.port, { path, body: SMALL, headers: { 'content-encoding': encoding } });
      expect(answer.status).toBe(200);
    }
  });

  it.each([
    ['cut short', gzipSync(LARGE).subarray(0, 500)],
    ['no gzip at all', Buffer.from(SMALL)],
    ['with a wrong checksum', Buffer.concat([gzipSync(LARGE).subarray(0, -8), Buffer.alloc(8)])],
  ])('%s: 400 that says so', async (_what, body) => {
    const answer = await call(jitney.port, { path, body, headers: { 'content-encoding': 'gzip' } });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body.toString()).error).toContain('not valid gzip');
  });
});

describe('a compressed answer', () => {
  const ask = (accept: string | null, body: string) =>
    call(jitney.port, { path, body, headers: accept === null ? {} : { 'accept-encoding': accept } });
  const inflate = { gzip: gunzipSync, deflate: inflateSync, identity: (body: Buffer) => body };

  it.each([
    ['gzip', 'gzip'],
    ['deflate', 'deflate'],
    ['gzip, deflate', 'gzip'],
    ['gzip;q=0.2, deflate;q=0.7', 'deflate'],
    ['identity;q=1, gzip;q=0.5', 'identity'],
    ['gzip;q=0', 'identity'],
    ['identity', 'identity'],
    ['br', 'identity'],
    ['*', 'gzip'],
    ['*;q=0', 'identity'],
    ['gzip;q=oops', 'identity'],
    [null, 'identity'],
  ] as const)('to Accept-Encoding %s is %s, as its header says', async (accept, encoding) => {
    const plain = await infer(jitney.port, 'fp32', LARGE);
    const answer = await ask(accept, LARGE);
    expect(answer.headers['content-encoding'] ?? 'identity').toBe(encoding);
    expect(inflate[encoding](answer.body).equals(plain.body)).toBe(true);
    expect(Number(answer.headers['content-length'])).toBe(answer.body.length);
    if (accept !== null) expect(answer.headers.vary).toMatch(/accept-encoding/i);
  });

  it('of a few bytes stays plain, and says that it may differ', async () => {
    const answer = await ask('gzip', SMALL);
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(answer.headers.vary).toMatch(/accept-encoding/i);
    expect(JSON.parse(answer.body.toString()).outputs[0].data).toEqual([0, 0.25, 0.5]);
  });

  it('carries raw tensors too', async () => {
    const body = JSON.parse(LARGE);
    const asked = JSON.stringify({ ...body, parameters: { binary_data_output: true } });
    const answer = await ask('gzip', asked);
    const plain = gunzipSync(answer.body);
    const head = Number(answer.headers['inference-header-content-length']);
    expect(JSON.parse(plain.toString('utf8', 0, head)).outputs[0].parameters.binary_data_size).toBe(240_000);
    expect(plain).toHaveLength(head + 240_000);
  });

  it('an error is plain', async () => {
    const answer = await ask('gzip', '{');
    expect(answer.status).toBe(400);
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(JSON.parse(answer.body.toString()).error).toContain('JSON');
  });
});
