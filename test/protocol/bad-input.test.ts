import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Footprint, footprintOf, until } from '../support/footprint.js';
import { get, infer, post } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { scrape } from '../support/metrics.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';
import { openRaw, type RawAnswer } from '../support/raw-connection.js';
import { protocolModels } from './models.js';

/*
 * Hostile and broken requests against a server with tight limits. Each gets an error in its protocol's shape, and the
 * server goes on: the same processes, and in the end no socket, file or memory more than before.
 */

const MOST_BYTES = 1024 * 1024;

let tree: ModelTree;
let temporary: string;
let jitney: RunningJitney;
let before: Footprint;
beforeAll(async () => {
  tree = await plantTree(protocolModels());
  temporary = await mkdtemp(join(tmpdir(), 'bad-input-'));
  const settings = [`limits.maxBodyBytes=${MOST_BYTES}`, 'limits.maxHeaderBytes=8192', 'limits.maxChunks=1000'];
  jitney = await startJitney([tree.root], {
    args: ['--log-level', 'silent', ...settings.flatMap((setting) => ['--set', setting])],
    // Node's cache of compiled code is kept there on purpose.
    env: { TMPDIR: temporary, NODE_DISABLE_COMPILE_CACHE: '1' },
  });
  // What the first requests allocate is no leak.
  for (let i = 0; i < 200; i++) await infer(jitney.port, 'fp32', GOOD);
  before = await footprintOf(jitney, temporary);
});
afterAll(async () => {
  await jitney.stop();
  await Promise.all([tree.remove(), rm(temporary, { recursive: true })]);
});

const GOOD = '{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}';
const INFER = 'POST /v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\n';

let isOver = false;
afterEach(async () => {
  if (isOver) return;
  expect((await infer(jitney.port, 'fp32', GOOD)).status).toBe(200);
});

/** What a raw request is answered, and that the connection then ends. */
async function lastAnswer(...parts: readonly (string | Uint8Array)[]): Promise<RawAnswer> {
  const connection = await openRaw(jitney.port);
  for (const part of parts) connection.write(part);
  const answer = await connection.answer();
  expect(answer.header('connection')).toBe('close');
  connection.socket.end();
  expect((await connection.ended).toString()).toBe('');
  return answer;
}

const oipError = ({ body }: RawAnswer): string => {
  const { error, ...others } = JSON.parse(body.toString());
  expect(others).toEqual({});
  expect(typeof error).toBe('string');
  return error;
};

describe('a body above the limit', () => {
  it('that tells its length is refused before it comes: 413, the limit and its setting named', async () => {
    const answer = await lastAnswer(`${INFER}Content-Length: ${MOST_BYTES + 1}\r\n\r\n`);
    expect(answer.status).toBe('HTTP/1.1 413 Payload Too Large');
    expect(oipError(answer)).toMatch(/1048576 bytes.*limits\.maxBodyBytes/);
  });

  it('that tells its length and sends it all the same gets its answer, not a reset', async () => {
    const answer = await lastAnswer(
      `${INFER}Content-Length: ${MOST_BYTES + 1}\r\n\r\n`,
      Buffer.alloc(MOST_BYTES + 1, ' '),
    );
    expect(answer.status).toBe('HTTP/1.1 413 Payload Too Large');
  });

  it('of any length is refused', async () => {
    for (const length of ['9007199254740993', '18446744073709551615']) {
      const answer = await lastAnswer(`${INFER}Content-Length: ${length}\r\n\r\n`);
      expect(answer.status).toMatch(/ (413|400) /);
    }
  });

  it('that comes chunked is refused when it is above it', async () => {
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000, ' '), Buffer.from('\r\n')]);
    const answer = await lastAnswer(`${INFER}Transfer-Encoding: chunked\r\n\r\n`, ...Array(17).fill(chunk));
    expect(answer.status).toBe('HTTP/1.1 413 Payload Too Large');
    expect(oipError(answer)).toContain('limits.maxBodyBytes');
  });

  it('on /predict has the shape of /predict', async () => {
    const answer = await lastAnswer(`POST /predict/fp32 HTTP/1.1\r\nHost: a\r\nContent-Length: ${2 ** 40}\r\n\r\n`);
    expect(JSON.parse(answer.body.toString()).error).toEqual({
      code: 'TOO_LARGE',
      message: expect.stringContaining('limits.maxBodyBytes'),
      requestId: answer.header('x-request-id'),
    });
  });

  it('is counted', async () => {
    const failures = (await scrape(jitney.port)).sum('jitney_request_failures_total', { reason: 'TOO_LARGE' });
    await lastAnswer(`${INFER}Content-Length: ${MOST_BYTES + 1}\r\n\r\n`);
    const now = await scrape(jitney.port);
    expect(now.sum('jitney_request_failures_total', { reason: 'TOO_LARGE' })).toBe(failures + 1);
  });

  it('is one byte more than what is taken', async () => {
    const body = GOOD + ' '.repeat(MOST_BYTES - GOOD.length);
    expect((await infer(jitney.port, 'fp32', body)).status).toBe(200);
    expect((await infer(jitney.port, 'fp32', `${body} `)).status).toBe(413);
  });
});

describe('a body that grows', () => {
  const headers = { 'content-encoding': 'gzip' };

  it('from 1 MB to 1 GB by gzip is refused at the limit, and takes no memory', async () => {
    // Gzip members one after the other are one body.
    const bomb = Buffer.concat(Array(64).fill(gzipSync(Buffer.alloc(16 * MOST_BYTES, ' '), { level: 9 })));
    expect(bomb.length).toBeLessThanOrEqual(MOST_BYTES * 1.1);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        post(
          jitney.port,
          i % 2 === 0 ? '/v2/models/fp32/infer' : '/predict/fp32',
          bomb.subarray(0, MOST_BYTES - 1),
          headers,
        ),
      ),
    );
    for (const { status, text } of answers) {
      expect(status).toBe(413);
      expect(text).toContain('limits.maxBodyBytes');
    }
  });

  it('from a small shape to a large tensor is refused: what a shape announces takes no memory', async () => {
    const claims = ['[4000000000,3]', '[1000000,1000000]', '[0,9007199254740991]'];
    for (const shape of claims) {
      const { status } = await infer(jitney.port, 'fp32', GOOD.replace('[1,3]', shape));
      expect(status).toBe(400);
    }
  });
});

describe('a body in too many pieces', () => {
  it('is refused: 413, the limit and its setting named', async () => {
    const answer = await lastAnswer(`${INFER}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'.repeat(1_001));
    expect(answer.status).toBe('HTTP/1.1 413 Payload Too Large');
    expect(oipError(answer)).toMatch(/1000 chunks.*limits\.maxChunks/);
  });

  it('is none where the chunks are as many as allowed', async () => {
    const chunks = [...GOOD].map((character) => `1\r\n${character}\r\n`).join('');
    const connection = await openRaw(jitney.port);
    connection.write(`${INFER}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
    expect((await connection.answer()).status).toBe('HTTP/1.1 200 OK');
    connection.close();
  });
});

describe('headers', () => {
  it.each([
    ['one that is too long', `X-Long: ${'a'.repeat(9_000)}\r\n`],
    ['too many', Array.from({ length: 1_500 }, (_, i) => `X-${i}: abcd\r\n`).join('')],
  ])('%s: 431, the limit and its setting named', async (_what, lines) => {
    const answer = await lastAnswer(`${INFER}${lines}Content-Length: 2\r\n\r\n{}`);
    expect(answer.status).toBe('HTTP/1.1 431 Request Header Fields Too Large');
    expect(oipError(answer)).toMatch(/8192 bytes.*limits\.maxHeaderBytes/);
  });

  it('a path that is too long: 431 as well', async () => {
    const answer = await lastAnswer(`GET /v2/${'a'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(answer.status).toBe('HTTP/1.1 431 Request Header Fields Too Large');
  });

  it.each([
    ['no Host', 'POST /v2/models/fp32/infer HTTP/1.1\r\nContent-Length: 0\r\n\r\n'],
    ['a length in words', `${INFER}Content-Length: many\r\n\r\n`],
    ['a negative length', `${INFER}Content-Length: -1\r\n\r\n`],
    ['two lengths', `${INFER}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    ['a length and chunks', `${INFER}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`],
    ['a coding that is not chunked', `${INFER}Transfer-Encoding: gzip\r\n\r\n{}`],
    ['a chunk size that is none', `${INFER}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n`],
    ['a chunk size of 2^64', `${INFER}Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n{}\r\n`],
    ['a zero byte', `${INFER}X-A: a\0b\r\n\r\n`],
    ['a line that is folded', `${INFER}X-A: a\r\n b\r\nContent-Length: 0\r\n\r\n`],
    ['a header without a name', `${INFER}: a\r\n\r\n`],
    ['a bare line feed in a value', `${INFER}X-A: a\nb: c\r\n\r\n`],
  ])('%s: 400 as JSON, and the connection ends', async (_what, request) => {
    const connection = await openRaw(jitney.port);
    connection.write(request);
    const answer = await connection.answer();
    expect(answer.status).toBe('HTTP/1.1 400 Bad Request');
    expect(oipError(answer).length).toBeGreaterThan(10);
    expect(answer.header('x-request-id')).not.toBeNull();
    connection.close();
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['another protocol', Buffer.from('160301020001fc0303', 'hex')],
    ['a new one', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an unknown method', 'FETCH /v2 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a space in the path', 'GET /v2/a b HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('%s: 400 as JSON, and the connection ends', async (_what, request) => {
    const answer = await lastAnswer(request);
    expect(answer.status).toBe('HTTP/1.1 400 Bad Request');
    expect(JSON.parse(answer.body.toString()).error).toBeDefined();
  });

  it('rubbish behind a request that is being answered is not taken for its answer', async () => {
    const connection = await openRaw(jitney.port);
    connection.write(`${INFER}Content-Length: ${GOOD.length}\r\n\r\n${GOOD}RUBBISH\r\n\r\n`);
    const answers = (await connection.ended).toString();
    expect(answers === '' || answers.startsWith('HTTP/1.1 200 OK')).toBe(true);
  });

  it('Expect: 100-continue is told to go on; what is expected otherwise is not minded', async () => {
    const connection = await openRaw(jitney.port);
    connection.write(`${INFER}Expect: 100-continue\r\nContent-Length: ${GOOD.length}\r\n\r\n`);
    expect((await connection.answer()).status).toBe('HTTP/1.1 100 Continue');
    connection.write(GOOD);
    expect((await connection.answer()).status).toBe('HTTP/1.1 200 OK');
    connection.write(`${INFER}Expect: wonders\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}`);
    expect((await connection.answer()).status).toBe('HTTP/1.1 200 OK');
    connection.close();
  });

  it('HTTP/1.0 needs no Host, and its connection ends with the answer', async () => {
    const answer = await lastAnswer(
      `POST /v2/models/fp32/infer HTTP/1.0\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}`,
    );
    expect(answer.status).toBe('HTTP/1.1 200 OK');
  });

  it('a target with the whole address is a path', async () => {
    const connection = await openRaw(jitney.port);
    connection.write('GET http://a/v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await connection.answer()).status).toBe('HTTP/1.1 200 OK');
    connection.write(
      `POST http://a/v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}`,
    );
    expect((await connection.answer()).status).toBe('HTTP/1.1 200 OK');
    connection.close();
  });

  it.each([
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'Application/JSON',
    'application/vnd.api+json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'nonsense',
    '',
  ])('content type %j: the body is read for what it is', async (type) => {
    const { status } = await post(jitney.port, '/v2/models/fp32/infer', GOOD, { 'content-type': type });
    expect(status).toBe(200);
  });
});

describe('a client that leaves', () => {
  it.each([
    ['in its headers', 'POST /v2/models/fp32/infer HTTP/1.1\r\nHo', false],
    ['before its body', `${INFER}Content-Length: 100\r\n\r\n`, true],
    ['in its body', `${INFER}Content-Length: 100\r\n\r\n{"inputs":[`, true],
    ['between chunks', `${INFER}Transfer-Encoding: chunked\r\n\r\n5\r\n{"inp\r\n`, true],
    ['in a compressed body', `${INFER}Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f\x8b\x08`, true],
  ])('%s is counted as cancelled where it had asked for something', async (_where, request, isCounted) => {
    const cancelled = async () =>
      (await scrape(jitney.port)).sum('jitney_request_failures_total', { reason: 'CANCELLED', model: 'fp32' });
    const counted = await cancelled();
    const connection = await openRaw(jitney.port);
    connection.write(request);
    // The server has seen the request when it answers one that came later.
    await get(jitney.port, '/v2/health/live');
    connection.socket.resetAndDestroy();
    await until(async () => (await cancelled()) === counted + (isCounted ? 1 : 0));
    expect((await scrape(jitney.port)).sum('jitney_requests_in_flight')).toBe(0);
  });
});

describe('after all of it', () => {
  it('the same processes run, with no more sockets and files, and hardly more memory', async () => {
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        Array.from({ length: 50 }, () => infer(jitney.port, 'fp32', '{"inputs":[{"name":"x","shape":[1,3],"data":[')),
      );
    }
    // Connections that were closed leave the lists of both sides within moments.
    await until(async () => (await footprintOf(jitney, temporary)).sockets <= before.sockets);
    const after = await footprintOf(jitney, temporary);
    expect(after.pids).toEqual(before.pids);
    expect(after.temporaryFiles).toEqual(before.temporaryFiles);
    expect(after.residentBytes).toBeLessThan(before.residentBytes + 100 * 2 ** 20);
    const { sum } = await scrape(jitney.port);
    expect([sum('jitney_requests_in_flight'), sum('jitney_request_bytes_in_flight')]).toEqual([0, 0]);
  });

  it('and when it ends it leaves nothing', async () => {
    isOver = true;
    await jitney.stop();
    expect((await jitney.ended).code).toBe(0);
    expect(await readdir(temporary)).toEqual([]);
  });
});
