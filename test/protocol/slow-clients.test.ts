import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityModel, loopModel } from '../../packages/onnxruntime/src/testing/models.js';
import { until } from '../support/footprint.js';
import { get, infer } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { scrape } from '../support/metrics.js';
import { inOneHost, type ModelTree, plantTree } from '../support/model-tree.js';
import { openRaw } from '../support/raw-connection.js';

/* Clients that take their time, on a server that gives them little of it. */

let tree: ModelTree;
let jitney: RunningJitney;
beforeAll(async () => {
  tree = await plantTree({
    ...inOneHost({ fp32: identityModel('FP32') }),
    // y = x + k in k rounds, one request at a time
    'rounds/model.onnx': loopModel(),
  });
  const settings = [
    'server.headersTimeoutMs=300',
    'server.requestTimeoutMs=600',
    'server.keepAliveTimeoutMs=400',
    'supervision.heartbeatIntervalMs=50',
  ];
  jitney = await startJitney([tree.root], {
    args: ['--log-level', 'silent', ...settings.flatMap((setting) => ['--set', setting])],
  });
});
afterAll(async () => {
  await jitney.stop();
  await tree.remove();
});

const GOOD = '{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}';
const INFER = 'POST /v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\n';

/** Counted at the gateway under the model's name, since it was known by then. */
const failuresOf = async (model: string, reason: string) =>
  (await scrape(jitney.port)).sum('jitney_request_failures_total', { model, reason });

describe('a client that is slow to send', () => {
  it.each([
    ['nothing but a beginning of headers', 'POST /v2/models/fp32/infer HT'],
    ['headers without their end', `${INFER}X-More: `],
    ['no body', `${INFER}Content-Length: 10\r\n\r\n`],
    ['half a body', `${INFER}Content-Length: ${GOOD.length}\r\n\r\n${GOOD.slice(0, 20)}`],
    ['half a chunk', `${INFER}Transfer-Encoding: chunked\r\n\r\n${GOOD.length.toString(16)}\r\n${GOOD.slice(0, 20)}`],
  ])('%s: 408 as JSON that names the time, and the connection ends', async (_what, request) => {
    const connection = await openRaw(jitney.port);
    connection.write(request);
    const { status, body, header } = await connection.answer();
    expect(status).toBe('HTTP/1.1 408 Request Timeout');
    expect(header('connection')).toBe('close');
    expect(body.toString()).toMatch(/300 ms.*600 ms/);
    expect((await connection.ended).length).toBe(0);
  });

  it('a byte now and then does not buy more time', async () => {
    const connection = await openRaw(jitney.port);
    let isOver = false;
    const ended = connection.ended.then((rest) => {
      isOver = true;
      return rest;
    });
    connection.write(`${INFER}X-Slow: `);
    while (!isOver) {
      connection.write('a');
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await ended).toString()).toMatch(/^(HTTP\/1\.1 (408|431) .*)?/);
  });

  it('holds up nobody else', async () => {
    const slow = await Promise.all(Array.from({ length: 100 }, () => openRaw(jitney.port)));
    for (const connection of slow) connection.write(`${INFER}Content-Length: 10\r\n\r\n{`);
    expect((await infer(jitney.port, 'fp32', GOOD)).status).toBe(200);
    await Promise.all(slow.map(({ ended }) => ended));
    expect((await scrape(jitney.port)).sum('jitney_requests_in_flight')).toBe(0);
    expect(await failuresOf('fp32', 'REQUEST_TIMEOUT')).toBeGreaterThanOrEqual(100);
  });
});

describe('a client that is slow to read', () => {
  it('is left, and what was kept for it is let go', async () => {
    const rows = 400_000;
    const request = `{"parameters":{"binary_data_output":true},"inputs":[{"name":"x","shape":[${rows},3],"datatype":"FP32","parameters":{"binary_data_size":${rows * 12}}}]}`;
    const connection = await openRaw(jitney.port);
    connection.socket.pause();
    connection.write(
      `${INFER}Inference-Header-Content-Length: ${request.length}\r\nContent-Length: ${request.length + rows * 12}\r\n\r\n${request}`,
    );
    connection.write(Buffer.alloc(rows * 12));
    const heldBytes = async () => (await scrape(jitney.port)).sum('jitney_request_bytes_in_flight');
    await until(
      async () => (await scrape(jitney.port)).sum('jitney_requests_total', { model: 'fp32', code: 'OK' }) > 0,
    );
    await until(async () => (await heldBytes()) >= rows * 12);
    await until(async () => (await heldBytes()) === 0);
    connection.socket.resume();
    const received = await connection.ended;
    expect(received.length).toBeLessThan(rows * 12);
  });

  it('but goes on is given its time', async () => {
    const rows = 200_000;
    const json = `{"parameters":{"binary_data_output":true},"inputs":[{"name":"x","shape":[${rows},3],"datatype":"FP32","parameters":{"binary_data_size":${rows * 12}}}]}`;
    const connection = await openRaw(jitney.port);
    connection.write(
      `${INFER}Inference-Header-Content-Length: ${json.length}\r\nContent-Length: ${json.length + rows * 12}\r\n\r\n${json}`,
    );
    connection.write(Buffer.alloc(rows * 12));
    const { status, body } = await connection.answer();
    expect(status).toBe('HTTP/1.1 200 OK');
    expect(body.length).toBeGreaterThan(rows * 12);
    connection.close();
  });

  it('that does nothing between requests is left after the keep-alive time, which it is told', async () => {
    const connection = await openRaw(jitney.port);
    connection.write('GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n');
    const { header } = await connection.answer();
    expect(header('connection')).toBe('keep-alive');
    expect((await connection.ended).length).toBe(0);
  });
});

describe('a client that leaves while it waits', () => {
  /** Long enough to be left in, and for others to wait behind it. */
  const rounds = (count: number) =>
    JSON.stringify({
      inputs: [
        { name: 'k', shape: [], datatype: 'INT64', data: [count] },
        { name: 'x', shape: [2], datatype: 'FP32', data: [0, 0] },
      ],
    });
  const ask = async (count: number) => {
    const body = rounds(count);
    const connection = await openRaw(jitney.port);
    connection.write(
      `POST /v2/models/rounds/infer HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return connection;
  };
  const waiting = async () => (await scrape(jitney.port)).sum('jitney_queue_requests', { model: 'rounds' });
  const ENDLESS = 1e12;

  it('in the queue gives up its place, and in a run ends the run', async () => {
    const running = await ask(ENDLESS);
    await until(async () => (await scrape(jitney.port)).sum('jitney_running_rows', { model: 'rounds' }) === 1);
    const queued = await Promise.all(Array.from({ length: 19 }, () => ask(ENDLESS)));
    await until(async () => (await waiting()) === 19);
    for (const connection of queued) connection.close();
    await until(async () => (await waiting()) === 0);
    expect(await failuresOf('rounds', 'CANCELLED')).toBe(19);
    running.close();
    await until(async () => (await failuresOf('rounds', 'CANCELLED')) === 20);
    const { status, text } = await infer(jitney.port, 'rounds', rounds(3));
    expect([status, JSON.parse(text).outputs[0].data]).toEqual([200, [3, 3]]);
    expect(await jitney.processes('jitney host rounds')).toHaveLength(1);
  });

  it.each([
    ['the one that has begun, where requests are plain', '', 1],
    ["all of them, where Node's own server has the connection", 'TE: trailers\r\n', 5],
  ])('with several requests on one connection gives up %s', async (_which, header, begun) => {
    const before = await failuresOf('rounds', 'CANCELLED');
    const body = rounds(ENDLESS);
    const connection = await openRaw(jitney.port);
    const request = `POST /v2/models/rounds/infer HTTP/1.1\r\nHost: a\r\n${header}Content-Length: ${body.length}\r\n\r\n${body}`;
    connection.write(request.repeat(5));
    await until(async () => (await scrape(jitney.port)).sum('jitney_requests_in_flight') === begun);
    connection.close();
    await until(async () => (await scrape(jitney.port)).sum('jitney_requests_in_flight') === 0);
    expect(await failuresOf('rounds', 'CANCELLED')).toBe(before + begun);
    expect((await infer(jitney.port, 'rounds', rounds(1))).status).toBe(200);
  });

  it('is no failure of the server: it is ready as before', async () => {
    expect((await get(jitney.port, '/readyz')).status).toBe(200);
  });
});
