import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityModel, loopModel } from '../../packages/onnxruntime/src/testing/models.js';
import { until } from '../support/footprint.js';
import { get, infer, post } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { scrape } from '../support/metrics.js';
import { inOneHost, type ModelTree, plantTree } from '../support/model-tree.js';
import { openRaw, type RawConnection } from '../support/raw-connection.js';

/* What a gateway holds at a time is bounded, by requests and by bytes, before anything is parsed. */

const MiB = 2 ** 20;

let tree: ModelTree;
let jitney: RunningJitney;
beforeAll(async () => {
  tree = await plantTree(inOneHost({ fp32: identityModel('FP32'), rounds: loopModel() }));
  const settings = [
    'limits.maxInFlightRequests=4',
    `limits.maxInFlightBytes=${2 * MiB}`,
    `limits.maxBodyBytes=${2 * MiB}`,
  ];
  jitney = await startJitney([tree.root], {
    args: ['--log-level', 'debug', '--log-format', 'json', ...settings.flatMap((setting) => ['--set', setting])],
  });
});
afterAll(async () => {
  await jitney.stop();
  await tree.remove();
});

const GOOD = { inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3] }] };
const inFlight = async () => {
  const { sum } = await scrape(jitney.port);
  return { requests: sum('jitney_requests_in_flight'), bytes: sum('jitney_request_bytes_in_flight') };
};

/** Requests whose bodies have come so far, and no farther. */
async function half(count: number, bytes: number): Promise<RawConnection[]> {
  const connections = await Promise.all(Array.from({ length: count }, () => openRaw(jitney.port)));
  for (const connection of connections) {
    connection.write(`POST /v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes + 100}\r\n\r\n`);
    connection.write(Buffer.alloc(bytes, ' '));
  }
  await until(async () => (await inFlight()).bytes >= count * bytes);
  return connections;
}

async function leave(connections: readonly RawConnection[]): Promise<void> {
  for (const connection of connections) connection.close();
  await until(async () => (await inFlight()).requests === 0);
}

describe('more requests at a time than a gateway takes', () => {
  it('are refused: 503 in Triton’s words with a time to come back, by every protocol', async () => {
    const waiting = await half(4, 100);
    const oip = await infer(jitney.port, 'fp32', GOOD);
    expect([oip.status, oip.headers['retry-after']]).toEqual([503, '1']);
    expect(JSON.parse(oip.text).error).toMatch(/^Exceeds maximum queue size: 4 requests are in flight/);
    const own = await post(jitney.port, '/predict/fp32', { inputs: [1, 2, 3] });
    expect([own.status, JSON.parse(own.text).error.code]).toEqual([503, 'QUEUE_FULL']);
    expect((await get(jitney.port, '/readyz')).status).toBe(200);
    await leave(waiting);
    expect((await infer(jitney.port, 'fp32', GOOD)).status).toBe(200);
  });
});

describe('more bytes at a time than a gateway takes', () => {
  it('are refused as they come, not when all are there', async () => {
    const waiting = await half(2, 900 * 1024);
    const third = await openRaw(jitney.port);
    third.write(`POST /v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\nContent-Length: ${MiB}\r\n\r\n`);
    third.write(Buffer.alloc(0.5 * MiB, ' '));
    const { status, body } = await third.answer();
    expect(status).toBe('HTTP/1.1 503 Service Unavailable');
    expect(JSON.parse(body.toString()).error).toMatch(/bytes are in flight/);
    third.close();
    await leave(waiting);
    expect(await inFlight()).toEqual({ requests: 0, bytes: 0 });
    expect((await infer(jitney.port, 'fp32', GOOD)).status).toBe(200);
  });
});

describe('the log', () => {
  it('has a line for what was refused, with the id that the client got', async () => {
    const { headers, text } = await infer(jitney.port, 'fp32', '{');
    const id = String(headers['x-request-id']);
    await jitney.said(new RegExp(id));
    const line = jitney
      .output()
      .split('\n')
      .find((one) => one.includes(id)) as string;
    expect(JSON.parse(line)).toMatchObject({
      level: 'debug',
      name: 'gateway 1',
      requestId: id,
      model: 'fp32',
      version: '1',
      code: 'INVALID_ARGUMENT',
      msg: JSON.parse(text).error,
    });
  });
});
