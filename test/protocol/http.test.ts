import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityModel } from '../../packages/onnxruntime/src/testing/models.js';
import { buildModel } from '../../packages/onnxruntime/src/testing/onnx-writer.js';
import { until } from '../support/footprint.js';
import { get, infer, post } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { scrape } from '../support/metrics.js';
import { inOneHost, type ModelTree, plantTree } from '../support/model-tree.js';
import { openRaw } from '../support/raw-connection.js';

const ATTACK = `<script>alert("1")</script><img src=x onerror='alert(2)'>`;

const HOSTILE_SCRIPT = `
import { defineModel } from 'jitney';
import * as z from 'zod';
export default defineModel({
  model: './model.onnx',
  description: ${JSON.stringify(ATTACK)},
  input: z.object({ word: z.string().describe(${JSON.stringify(ATTACK)}) }),
  output: z.object({ word: z.string() }),
  example: { word: ${JSON.stringify(ATTACK)} },
  preprocess: () => ({ [${JSON.stringify(ATTACK)}]: [1, 2, 3] }),
  postprocess: (_outputs, { input }) => ({ word: input.word }),
});
`;

/** A tree: its schema refers to itself. */
const TREE_SCRIPT = `
import { defineModel } from 'jitney';
import * as z from 'zod';
const tree = z.object({ value: z.number(), get children() { return z.array(tree); } });
const sum = ({ value, children }) => children.reduce((total, child) => total + sum(child), value);
export default defineModel({
  model: './model.onnx',
  input: tree,
  output: z.object({ total: z.number() }),
  example: { value: 1, children: [{ value: 2, children: [] }] },
  preprocess: (input) => ({ x: [sum(input), 0, 0] }),
  postprocess: ({ y }) => ({ total: Number(y.data[0]) }),
});
`;

const hostileModel = buildModel({
  inputs: [{ name: ATTACK, dtype: 'FP32', shape: [ATTACK, 3] }],
  outputs: [{ name: 'y', dtype: 'FP32', shape: [ATTACK, 3] }],
  nodes: [{ op: 'Identity', inputs: [ATTACK], outputs: ['y'] }],
  modelDescription: ATTACK,
  properties: [[ATTACK, ATTACK]],
});

let tree: ModelTree;
let jitney: RunningJitney;
beforeAll(async () => {
  tree = await plantTree({
    ...inOneHost({ fp32: identityModel('FP32'), 'a.b-c_d': identityModel('FP32'), plain: hostileModel }),
    'hostile/model.onnx': hostileModel,
    'hostile/model.ts': HOSTILE_SCRIPT,
    'hostile/model.json': JSON.stringify({ host: 'together' }),
    'tree/model.onnx': identityModel('FP32'),
    'tree/model.ts': TREE_SCRIPT,
    'tree/model.json': JSON.stringify({ host: 'together' }),
    'broken/model.onnx': ATTACK,
  });
  jitney = await startJitney([tree.root], { args: ['--log-level', 'silent'] });
});
afterAll(async () => {
  await jitney.stop();
  await tree.remove();
});

const GOOD = '{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}';

describe('a connection that is kept', () => {
  it('outlives the idle limit of a load balancer: above 60 s, as the answer says', async () => {
    const connection = await openRaw(jitney.port);
    connection.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
    const { header } = await connection.answer();
    connection.close();
    const seconds = Number(/^timeout=(\d+)/.exec(header('keep-alive') ?? '')?.[1]);
    expect(seconds).toBeGreaterThan(60);
    expect(seconds).toBeLessThanOrEqual(75);
  });

  it('answers one request after the other, and ends when the client says so', async () => {
    const connection = await openRaw(jitney.port);
    for (let i = 0; i < 3; i++) {
      connection.write(
        `POST /v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}`,
      );
      expect((await connection.answer()).status).toBe('HTTP/1.1 200 OK');
    }
    connection.write('GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect((await connection.answer()).header('connection')).toBe('close');
    expect((await connection.ended).length).toBe(0);
  });
});

describe('/livez and /readyz', () => {
  it('a model that failed keeps the server from being ready, by its name; it lives all the same, and serves', async () => {
    const ready = await get(jitney.port, '/readyz');
    expect(ready.status).toBe(503);
    const { ready: isReady, reason, models } = JSON.parse(ready.text);
    expect([isReady, reason]).toEqual([false, 'not ready: broken@1']);
    expect(models['broken@1']).toMatch(/^failed: .*broken/);
    expect((await get(jitney.port, '/v2/health/ready')).status).toBe(400);
    expect((await get(jitney.port, '/livez')).status).toBe(200);
    expect((await infer(jitney.port, 'fp32', GOOD)).status).toBe(200);
  });

  it('the model itself is not ready, and cannot be asked: the reason is in the words', async () => {
    expect((await get(jitney.port, '/v2/models/broken/ready')).status).toBe(400);
    for (const { status, text } of [
      await infer(jitney.port, 'broken', GOOD),
      await post(jitney.port, '/predict/broken', { inputs: 1 }),
      await get(jitney.port, '/v2/models/broken'),
    ]) {
      expect(status).toBe(503);
      expect(text).toMatch(/'broken' version 1 is not at ready state/);
    }
  });
});

describe('/openapi.json', () => {
  let api: OpenApi;
  beforeAll(async () => {
    api = JSON.parse((await get(jitney.port, '/openapi.json')).text);
  });

  it('is OpenAPI 3.1: what must be there is there', () => {
    expect(api.openapi).toMatch(/^3\.1\.\d+$/);
    expect(api.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    expect(Object.keys(api.paths).length).toBeGreaterThan(10);
    for (const [path, item] of Object.entries(api.paths)) {
      expect(path).toMatch(/^\//);
      for (const [method, operation] of Object.entries(item)) {
        expect(['get', 'post']).toContain(method);
        expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
        for (const [status, response] of Object.entries(operation.responses)) {
          expect(status).toMatch(/^(?:[1-5]\d\d|default)$/);
          expect(typeof response.description).toBe('string');
        }
      }
    }
  });

  it('declares each parameter of a path, once, as required', () => {
    for (const [path, item] of Object.entries(api.paths)) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters = [] } of Object.values(item)) {
        expect(parameters.map(({ name }) => name)).toEqual(named);
        for (const parameter of parameters) expect(parameter).toMatchObject({ in: 'path', required: true, schema: {} });
      }
    }
  });

  it('names each operation once, and components as the specification allows', () => {
    const ids = Object.values(api.paths).flatMap((item) =>
      Object.values(item).flatMap(({ operationId }) => operationId ?? []),
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const name of Object.keys(api.components.schemas)) expect(name).toMatch(/^[a-zA-Z0-9._-]+$/);
  });

  it('has no reference that leads nowhere', () => {
    const lost = referencesOf(api).filter(({ ref, base }) => !resolves(ref, base));
    expect(lost).toEqual([]);
  });

  it('has a path for each model, and none for one that failed', () => {
    const predict = Object.keys(api.paths).filter((path) => path.startsWith('/predict/'));
    expect(predict.sort()).toEqual(['a.b-c_d', 'fp32', 'hostile', 'plain', 'tree'].map((name) => `/predict/${name}`));
  });

  it('its examples work when they are sent', async () => {
    const examples = Object.entries(api.paths).flatMap(([path, item]) => {
      const example = item.post?.requestBody?.content['application/json']?.example;
      return example === undefined ? [] : [{ path, example }];
    });
    expect(examples.map(({ path }) => path).sort()).toEqual(
      Object.keys(api.paths)
        .filter((path) => path.startsWith('/predict/'))
        .sort(),
    );
    for (const { path, example } of examples) expect((await post(jitney.port, path, example)).status).toBe(200);
  });

  it('every path in it is one of the server’s', async () => {
    for (const [path, item] of Object.entries(api.paths)) {
      const real = path.replace('{model}', 'fp32').replace('{version}', '1');
      for (const method of Object.keys(item)) {
        const { status } = method === 'get' ? await get(jitney.port, real) : await post(jitney.port, real, '{}');
        expect([404, 405]).not.toContain(status);
      }
    }
  });
});

describe('the page at /', () => {
  it('shows what model files and authors say as text, never as markup', async () => {
    const { text, headers } = await get(jitney.port, '/');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(text).not.toContain('<script>alert');
    expect(text).not.toContain('<img');
    expect(text).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
    expect(text.match(/<script>/g)).toHaveLength(1);
    for (const name of ['fp32', 'a.b-c_d', 'hostile', 'broken']) expect(text).toContain(`>${name} <small>`);
  });

  it('lets nothing run but its own script', async () => {
    const { headers } = await get(jitney.port, '/');
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).toMatch(/script-src 'sha256-/);
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(headers['x-content-type-options']).toBe('nosniff');
  });
});

describe('/metrics', () => {
  it('has no label that clients make up, however they ask', async () => {
    await infer(jitney.port, 'fp32', GOOD);
    await infer(jitney.port, 'fp32', '{');
    await get(jitney.port, '/nowhere');
    await get(jitney.port, '/livez', {}, 'DELETE');
    await infer(jitney.port, 'unknown', GOOD);
    // What a host says of its queue is there from its first heartbeat on.
    await until(async () => (await scrape(jitney.port)).text.includes('jitney_queue_requests{model="tree"'));
    const before = await scrape(jitney.port);
    const names = Array.from({ length: 250 }, (_, i) => `made-up-${i}`);
    for (const name of names) {
      await Promise.all([
        infer(jitney.port, name, GOOD),
        post(jitney.port, `/predict/fp32/versions/${name}`, GOOD),
        get(jitney.port, `/${name}/${name}`, { 'x-tenant': name, 'x-request-id': name, traceparent: name }),
        get(jitney.port, '/livez', {}, name.endsWith('1') ? 'PROPFIND' : 'DELETE'),
      ]);
    }
    const after = await scrape(jitney.port);
    expect(after.series).toEqual(before.series);
    expect(after.text).not.toContain('made-up');
    expect(Buffer.byteLength(after.text)).toBeLessThan(2 ** 20);
    const failed = (found: typeof after) => found.sum('jitney_request_failures_total');
    expect(failed(after)).toBe(failed(before) + 1_000);
  });

  it('is what Prometheus reads: a type for each family, and numbers', async () => {
    const { text, headers } = await get(jitney.port, '/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const families = new Set(
      [...text.matchAll(/^# TYPE (\S+) (?:counter|gauge|histogram)$/gm)].map(([, name]) => name),
    );
    for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
      const [, name = '', value = ''] = /^([a-z_]+)(?:\{(?:[a-z]+="(?:[^"\\\n]|\\.)*",?)+\})? (\S+)$/.exec(line) ?? [];
      expect(families.has(name) || families.has(name.replace(/_(?:bucket|sum|count)$/, ''))).toBe(true);
      expect(Number.isFinite(Number(value))).toBe(true);
    }
  });

  it.each([
    'jitney_requests_total',
    'jitney_request_failures_total',
    'jitney_request_seconds',
    'jitney_stage_seconds',
    'jitney_batch_rows',
    'jitney_queue_requests',
    'jitney_requests_in_flight',
    'jitney_host_memory_bytes',
    'jitney_event_loop_delay_seconds',
  ])('has %s', async (name) => {
    expect((await get(jitney.port, '/metrics')).text).toMatch(new RegExp(`^# TYPE ${name} `, 'm'));
  });
});

interface Operation {
  readonly operationId?: string;
  readonly parameters?: readonly { readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> };
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

interface OpenApi {
  readonly openapi: string;
  readonly info: unknown;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

/** Every `$ref` with the resource it is resolved in: the nearest schema with an `$id`, else the document. */
function referencesOf(value: unknown, base: unknown = value): { ref: string; base: unknown }[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = '$id' in value ? value : base;
  return Object.entries(value).flatMap(([key, member]) =>
    key === '$ref' && typeof member === 'string' ? [{ ref: member, base: inner }] : referencesOf(member, inner),
  );
}

/** Whether a JSON pointer (RFC 6901) of a fragment leads to something. */
function resolves(ref: string, base: unknown): boolean {
  if (!ref.startsWith('#')) return false;
  let at: unknown = base;
  for (const step of ref.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    at = (at as Record<string, unknown> | undefined)?.[key];
  }
  return at !== undefined;
}
