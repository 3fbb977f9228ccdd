import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityModel } from '../../packages/onnxruntime/src/testing/models.js';
import { get, post } from '../support/infer.js';
import { type RunningJitney, runJitney, startJitney } from '../support/jitney.js';
import { scrape } from '../support/metrics.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';

let tree: ModelTree;
beforeAll(async () => {
  tree = await plantTree({ 'fp32/model.onnx': identityModel('FP32'), 'key.txt': 'from-a-file\n' });
});
afterAll(() => tree.remove());

const serve = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  startJitney([`${tree.root}/fp32`], { args: ['--log-level', 'silent', ...args], env });

const OPEN = ['/livez', '/readyz', '/v2/health/live', '/v2/health/ready'];
const GUARDED: readonly (readonly [method: string, path: string])[] = [
  ['GET', '/'],
  ['GET', '/metrics'],
  ['GET', '/openapi.json'],
  ['GET', '/v2'],
  ['GET', '/v2/models/fp32'],
  ['GET', '/v2/models/fp32/ready'],
  ['GET', '/v2/models/fp32/versions/1'],
  ['GET', '/v2/models/nobody'],
  ['POST', '/v2/models/fp32/infer'],
  ['POST', '/v2/models/nobody/infer'],
  ['POST', '/v2/models/fp32/versions/1/infer'],
  ['POST', '/predict'],
  ['POST', '/predict/fp32'],
  ['POST', '/predict/nobody'],
];

describe('a server with a key', () => {
  let jitney: RunningJitney;
  beforeAll(async () => {
    jitney = await serve([], { JITNEY_API_KEY: 's3cret' });
  });
  afterAll(() => jitney.stop());

  const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
    method === 'GET' ? get(jitney.port, path, headers) : post(jitney.port, path, '{"inputs":[]}', headers);

  it.each(GUARDED)('%s %s without it: 401 in the protocol’s shape', async (method, path) => {
    const { status, text, headers } = await ask(method, path);
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe('Bearer');
    const { error } = JSON.parse(text);
    if (path.startsWith('/v2')) expect(error).toMatch(/key/);
    else expect(error).toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringMatching(/key/) });
  });

  it.each([
    ['another key', { authorization: 'Bearer secret' }],
    ['a longer one', { authorization: 'Bearer s3cret1' }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: `Basic ${Buffer.from('a:s3cret').toString('base64')}` }],
    ['another key in X-API-Key', { 'x-api-key': 'secret' }],
  ])('%s: 401', async (_what, headers) => {
    for (const [method, path] of GUARDED) expect((await ask(method, path, headers)).status).toBe(401);
  });

  it.each([{ authorization: 'Bearer s3cret' }, { authorization: 'bearer s3cret' }, { 'x-api-key': 's3cret' }])(
    '%j opens everything',
    async (headers) => {
      for (const [method, path] of GUARDED) expect((await ask(method, path, headers)).status).not.toBe(401);
      expect((await ask('GET', '/v2/models/fp32', headers)).status).toBe(200);
    },
  );

  it.each(OPEN)('%s needs none', async (path) => {
    expect((await get(jitney.port, path)).status).toBe(200);
  });

  it('refuses before it reads the body', async () => {
    const { status } = await post(jitney.port, '/predict/fp32', Buffer.alloc(300_000), {});
    expect(status).toBe(401);
  });

  it('says nowhere what the key is', async () => {
    const headers = { authorization: 'Bearer s3cret' };
    for (const path of ['/', '/openapi.json', '/metrics', '/v2']) {
      expect((await get(jitney.port, path, headers)).text).not.toContain('s3cret');
    }
    for (const { title } of await jitney.processes()) expect(title).not.toContain('s3cret');
  });

  it('says in the API description that one is needed, and where not', async () => {
    const { text } = await get(jitney.port, '/openapi.json', { authorization: 'Bearer s3cret' });
    const api = JSON.parse(text);
    expect(api.security).toEqual([{ bearer: [] }]);
    expect(api.components.securitySchemes.bearer).toEqual({ type: 'http', scheme: 'bearer' });
    for (const path of OPEN) expect(api.paths[path].get.security).toEqual([]);
  });
});

describe('a key in a file', () => {
  it('guards as one in the environment', async () => {
    const jitney = await serve(['--api-key-file', `${tree.root}/key.txt`]);
    try {
      expect((await get(jitney.port, '/v2')).status).toBe(401);
      expect((await get(jitney.port, '/v2', { authorization: 'Bearer from-a-file' })).status).toBe(200);
    } finally {
      await jitney.stop();
    }
  });
});

describe('pages of other origins', () => {
  const preflight = (origin: string) => ({ origin, 'access-control-request-method': 'POST' });

  it('may not call unless they are listed', async () => {
    const jitney = await serve([]);
    try {
      const answer = await get(jitney.port, '/v2', { origin: 'https://app.example.org' });
      expect(answer.status).toBe(200);
      const asked = await get(jitney.port, '/predict/fp32', preflight('https://app.example.org'), 'OPTIONS');
      expect(asked.status).toBe(405);
      for (const { headers } of [answer, asked]) {
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      }
    } finally {
      await jitney.stop();
    }
  });

  it('may when they are: what is asked before, the answer, and the errors', async () => {
    const jitney = await serve(['--cors-origins', 'https://app.example.org,https://b.example.org'], {
      JITNEY_API_KEY: 'k',
    });
    const origin = 'https://app.example.org';
    try {
      const asked = await get(jitney.port, '/predict/fp32', preflight(origin), 'OPTIONS');
      expect(asked.status).toBe(204);
      expect(asked.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': expect.stringMatching(/authorization.*content-type/),
        vary: 'origin',
      });
      const key = { authorization: 'Bearer k' };
      const body = { inputs: [1, 2, 3] };
      const answers = [
        await post(jitney.port, '/predict/fp32', body, { origin, ...key, 'accept-encoding': 'gzip' }),
        await post(jitney.port, '/predict/fp32', body, { origin }),
        await get(jitney.port, '/nowhere', { origin }),
        await get(jitney.port, '/v2', { origin, ...key }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 401, 404, 200]);
      for (const { headers } of answers) expect(headers['access-control-allow-origin']).toBe(origin);
      expect(answers[0]?.headers.vary).toBe('origin, accept-encoding');
      const other = await get(jitney.port, '/v2', { origin: 'https://evil.example.org', ...key });
      expect(other.headers['access-control-allow-origin']).toBeUndefined();
      expect(other.headers.vary).toBe('origin');
    } finally {
      await jitney.stop();
    }
  });
});

describe('beyond loopback', () => {
  it.each([['0.0.0.0'], ['::'], ['192.0.2.1']])(
    '%s without a key is refused before anything starts: code 3, and the fix',
    async (host) => {
      const { code, output } = await runJitney(['serve', `${tree.root}/fp32`, '--port', '0', '--host', host]);
      expect(code).toBe(3);
      expect(output).toMatch(/JITNEY_API_KEY.*--insecure/s);
    },
  );

  it.each([
    [{ JITNEY_API_KEY: 'k' }, []],
    [{}, ['--insecure']],
  ])('with %j and %j it serves, and says who can reach it', async (env, args) => {
    const jitney = await startJitney([`${tree.root}/fp32`], { args: ['--host', '0.0.0.0', ...args], env });
    try {
      await jitney.said(/other machines can reach this server/);
      expect((await get(jitney.port, '/livez')).status).toBe(200);
    } finally {
      await jitney.stop();
    }
  });
});

describe('a port that is taken', () => {
  it('is a wrong setting: code 3, and the fix; who has it goes on', async () => {
    const jitney = await serve([]);
    try {
      const taken = String(jitney.port);
      const { code, output } = await runJitney(['serve', `${tree.root}/fp32`, '--port', taken]);
      expect(code).toBe(3);
      expect(output).toMatch(new RegExp(`127\\.0\\.0\\.1:${taken} is taken.*--port`));
      expect((await scrape(jitney.port)).series.length).toBeGreaterThan(0);
    } finally {
      await jitney.stop();
    }
  });

  it('the help says what the codes mean', async () => {
    const { code, output } = await runJitney(['--help']);
    expect(code).toBe(0);
    expect(output).toMatch(/Exit codes:.*3 wrong configuration/);
  });
});
