import type { RequestListener, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type RunningLoad, startClosedLoop } from './closed-loop.js';
import { get, postJson } from './http-request.js';
import { sendOnce } from './send-once.js';
import { serveHttp, type TestServer } from './testing/http-server.js';

let server: TestServer;
let load: RunningLoad;
afterEach(async () => {
  vi.useRealTimers();
  await load.stop();
  server.close();
});

async function serve(listener: RequestListener): Promise<number> {
  server = await serveHttp(listener);
  return server.port;
}

/** Looks each time the loop has come round. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a closed loop', () => {
  it('keeps one request under way on each connection, and no more', async () => {
    const sockets = new Set<unknown>();
    const held: ServerResponse[] = [];
    let isHolding = true;
    let most = 0;
    const release = () => {
      for (const response of held.splice(0)) response.end('{}');
    };
    const port = await serve((request, response) => {
      sockets.add(request.socket);
      most = Math.max(most, held.push(response));
      if (held.length === 7 || !isHolding) setImmediate(release);
    });
    load = startClosedLoop({ port, connections: 7, requests: [get('/')] });
    await load.answered(500);
    isHolding = false;
    release();
    await load.stop();
    const { answered, failures, latencyUs } = load.take();
    expect({ connections: sockets.size, most, failures }).toEqual({ connections: 7, most: 7, failures: {} });
    expect(answered).toBeGreaterThanOrEqual(500);
    expect(latencyUs.count).toBe(answered);
  });

  it('sends its requests in turn, as node:http reads them', async () => {
    const seen: string[] = [];
    const port = await serve(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      seen.push(`${request.method} ${request.url} ${request.headers['content-type'] ?? ''} ${body}`);
      response.end();
    });
    load = startClosedLoop({ port, connections: 1, requests: [postJson('/a', '"é"'), get('/b')] });
    await load.answered(3);
    expect(seen.slice(0, 3)).toEqual(['POST /a application/json "é"', 'GET /b  ', 'POST /a application/json "é"']);
  });

  it('begins a report anew with each take', async () => {
    const port = await serve((_request, response) => response.end());
    load = startClosedLoop({ port, connections: 2, requests: [get('/')] });
    await load.answered(10);
    const first = load.take();
    await load.answered(10);
    await load.stop();
    expect(first.answered).toBeGreaterThanOrEqual(10);
    expect(load.take().latencyUs.count).toBeGreaterThanOrEqual(10);
    expect(load.take()).toMatchObject({ answered: 0, failures: {} });
  });
});

describe('what fails in a closed loop', () => {
  it('is counted by its status', async () => {
    let count = 0;
    const port = await serve((_request, response) => {
      response.statusCode = ++count % 2 === 0 ? 503 : 200;
      response.end();
    });
    load = startClosedLoop({ port, connections: 1, requests: [get('/')] });
    await load.answered(5);
    await load.stop();
    const { answered, failures } = load.take();
    expect(Object.keys(failures)).toEqual(['503']);
    expect(Math.abs(answered - failures['503']!)).toBeLessThanOrEqual(1);
  });

  it('is counted by its reason, and the loop goes on over a new connection', async () => {
    let count = 0;
    const port = await serve((request, response) => {
      if (++count === 3) request.socket.destroy();
      else response.end();
    });
    load = startClosedLoop({ port, connections: 1, requests: [get('/')] });
    await load.answered(10);
    await load.stop();
    const { failures } = load.take();
    expect(Object.values(failures)).toEqual([1]);
  });

  it('is not an answer behind which the server closes the connection', async () => {
    const port = await serve((_request, response) => response.setHeader('connection', 'close').end());
    load = startClosedLoop({ port, connections: 3, requests: [get('/')] });
    await load.answered(30);
    await load.stop();
    expect(load.take().failures).toEqual({});
  });
});

describe('a server that accepts connections and closes them', () => {
  it('is connected to again behind pauses that grow, up to a tenth of a second', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let count = 0;
    const port = await serve((_request, response) => response.end());
    server.server.on('connection', (socket) => {
      count += 1;
      socket.destroy();
    });
    load = startClosedLoop({ port, connections: 1, requests: [get('/')] });
    for (const [before, pauseMs] of [5, 10, 20, 40, 80, 100, 100].entries()) {
      await until(() => vi.getTimerCount() === 1);
      vi.advanceTimersByTime(pauseMs - 1);
      expect([vi.getTimerCount(), count]).toEqual([1, before + 1]);
      vi.advanceTimersByTime(1);
    }
  });
});

describe('a request sent once', () => {
  it('gets its whole answer', async () => {
    const port = await serve((_request, response) =>
      response.writeHead(418, { 'content-length': 15 }).end('short and stout'),
    );
    load = startClosedLoop({ port, connections: 0, requests: [] });
    const { status, body } = await sendOnce(port, get('/'));
    expect([status, body.toString()]).toEqual([418, 'short and stout']);
  });

  it('fails where the connection ends before it', async () => {
    const port = await serve((request) => request.socket.destroy());
    load = startClosedLoop({ port, connections: 0, requests: [] });
    await expect(sendOnce(port, get('/'))).rejects.toThrow();
  });
});
