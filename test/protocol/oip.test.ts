import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, infer, post } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
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

const NOT_FOUND = '{"error":"Not Found"}';
const WRONG_VERB = '{"error":"Method Not Allowed"}';

describe('a route of the protocol', () => {
  it.each([
    ['/v2/health/live', '{"live":true}'],
    ['/v2/health/ready', '{"ready":true}'],
    ['/v2/models/fp32/ready', '{"name":"fp32","ready":true}'],
    ['/v2/models/fp32/versions/1/ready', '{"name":"fp32","ready":true}'],
  ])('GET %s answers %s', async (path, body) => {
    const answer = await get(jitney.port, path);
    expect([answer.status, answer.text]).toEqual([200, body]);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it.each([
    '/v2/',
    '/v2/health',
    '/v2/health/live/',
    '/V2/health/live',
    '/v2/models',
    '/v2/models/',
    '/v2/models/fp32/',
    '/v2/models/fp32/predict',
    '/v2/models/fp32/versions/1/infer/',
    '/v2/models/fp32/versions/one/infer',
    '/v2/models/a/b/infer',
    '/v3',
  ])('%s is none: 404 in its words', async (path) => {
    const answers = await Promise.all([get(jitney.port, path), post(jitney.port, path, {})]);
    for (const { status, text } of answers) {
      expect(status).toBe(404);
      if (path.startsWith('/v2')) expect(text).toBe(NOT_FOUND);
      else expect(JSON.parse(text).error.message).toBe('Not Found');
    }
  });

  it.each([
    ['POST', '/v2/health/live', 'GET, HEAD'],
    ['POST', '/v2', 'GET, HEAD'],
    ['DELETE', '/v2/models/fp32', 'GET, HEAD'],
    ['PUT', '/v2/models/fp32/versions/1', 'GET, HEAD'],
    ['POST', '/v2/models/fp32/ready', 'GET, HEAD'],
    ['GET', '/v2/models/fp32/infer', 'POST'],
    ['PATCH', '/v2/models/fp32/versions/1/infer', 'POST'],
    ['OPTIONS', '/v2/models/fp32/infer', 'POST'],
    ['PROPFIND', '/v2/models/fp32/infer', 'POST'],
  ])('%s %s is the wrong verb: 405, and Allow has the right ones', async (method, path, allow) => {
    const { status, text, headers } = await get(jitney.port, path, {}, method);
    expect([status, text, headers.allow]).toEqual([405, WRONG_VERB, allow]);
  });

  it('takes a query without minding it', async () => {
    expect((await get(jitney.port, '/v2/health/live?verbose=1')).status).toBe(200);
    const { status } = await post(jitney.port, '/v2/models/fp32/infer?a=b', FP32_REQUEST);
    expect(status).toBe(200);
  });

  it('answers HEAD as GET, without the body', async () => {
    const { status, headers, body } = await get(jitney.port, '/v2', {}, 'HEAD');
    expect(status).toBe(200);
    expect(Number(headers['content-length'])).toBeGreaterThan(50);
    expect(body).toHaveLength(0);
  });
});

describe('metadata', () => {
  it('of the server has name, version, and the extensions that are there', async () => {
    const metadata = JSON.parse((await get(jitney.port, '/v2')).text);
    expect(Object.keys(metadata)).toEqual(['name', 'version', 'extensions']);
    expect(metadata).toMatchObject({ name: 'jitney', extensions: ['binary_tensor_data', 'parameters'] });
  });

  it('of a model has versions, platform and tensors, the batch dimension as -1', async () => {
    const { text } = await get(jitney.port, '/v2/models/fp32');
    expect(JSON.parse(text)).toEqual({
      name: 'fp32',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 3] }],
    });
  });

  it('is the same with and without the version', async () => {
    const [with1, without] = await Promise.all(
      ['/v2/models/two/versions/1', '/v2/models/two'].map((path) => get(jitney.port, path)),
    );
    expect(with1?.text).toBe(without?.text);
  });

  it('lists the versions that are served, not those the policy leaves out', async () => {
    const { text } = await get(jitney.port, '/v2/models/versioned');
    expect(JSON.parse(text).versions).toEqual(['2']);
  });
});

describe('a model or version that is not there', () => {
  const routes = (model: string) => [`/v2/models/${model}`, `/v2/models/${model}/ready`];

  it.each([...routes('nobody'), ...routes('nobody/versions/1')])('GET %s: 404, its name in the words', async (path) => {
    const { status, text } = await get(jitney.port, path);
    expect([status, text]).toEqual([404, `{"error":"Request for unknown model: 'nobody' is not found"}`]);
  });

  it('POST infer: the same', async () => {
    const { status, text } = await infer(jitney.port, 'nobody', FP32_REQUEST);
    expect([status, text]).toEqual([404, `{"error":"Request for unknown model: 'nobody' is not found"}`]);
  });

  it.each(['/v2/models/fp32/versions/3', '/v2/models/fp32/versions/3/ready', '/v2/models/fp32/versions/03'])(
    'GET %s: 404, model and version in the words',
    async (path) => {
      const { status, text } = await get(jitney.port, path);
      expect(status).toBe(404);
      expect(text).toMatch(/'fp32' version 0?3 is not found/);
    },
  );

  it('a version that is known and not loaded is a 404 that says so', async () => {
    const answers = [
      await get(jitney.port, '/v2/models/versioned/versions/1'),
      await get(jitney.port, '/v2/models/versioned/versions/1/ready'),
      await post(jitney.port, '/v2/models/versioned/versions/1/infer', FP32_REQUEST),
    ];
    for (const { status, text } of answers) {
      expect(status).toBe(404);
      expect(text).toContain("'versioned' version 1 is not found: it is known but not loaded");
    }
  });

  it.each(['%2e%2e', '..%2fetc', 'a%00b', '%F0%9F%98%80', 'x'.repeat(300)])('nor is %s', async (name) => {
    const { status, text } = await get(jitney.port, `/v2/models/${name}`);
    expect(status).toBe(404);
    expect(JSON.parse(text).error).toContain('unknown model');
  });

  it('a percent sign that begins no code is the client’s mistake', async () => {
    const { status, text } = await get(jitney.port, '/v2/models/%zz');
    expect(status).toBe(400);
    expect(JSON.parse(text)).toEqual({ error: expect.stringContaining('%zz') });
  });
});

describe('a request id', () => {
  it('comes back as it came, and is made where it did not come', async () => {
    const given = await get(jitney.port, '/v2', { 'x-request-id': 'abc-123' });
    const made = await Promise.all([1, 2].map(() => get(jitney.port, '/v2')));
    expect(given.headers['x-request-id']).toBe('abc-123');
    expect(made[0]?.headers['x-request-id']).toMatch(/^[\w-]{8,}$/);
    expect(made[0]?.headers['x-request-id']).not.toBe(made[1]?.headers['x-request-id']);
  });

  it('is on every answer, errors too', async () => {
    const paths = [
      '/v2/health/live',
      '/v2/models/nobody',
      '/nowhere',
      '/metrics',
      '/',
      '/openapi.json',
      '/v2/models/%zz',
    ];
    for (const path of paths) {
      const { headers } = await get(jitney.port, path, { 'x-request-id': 'r1' });
      expect([path, headers['x-request-id']]).toEqual([path, 'r1']);
    }
    const { headers } = await post(jitney.port, '/v2/models/fp32/infer', '{', { 'x-request-id': 'r2' });
    expect(headers['x-request-id']).toBe('r2');
  });

  it('is made anew where it is not fit for logs and headers', async () => {
    const { headers } = await get(jitney.port, '/v2', { 'x-request-id': 'two words "quoted"' });
    expect(headers['x-request-id']).not.toContain('quoted');
  });
});

const FP32_REQUEST = { inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3] }] };
