import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { get } from './http-request.js';
import { sendUntilAnswered } from './send-until-answered.js';
import { serveHttp, type TestServer } from './testing/http-server.js';

let server: TestServer;
afterEach(() => {
  server.close();
});

async function serve(listener: RequestListener): Promise<number> {
  server = await serveHttp(listener);
  return server.port;
}

describe('a server that is not ready yet', () => {
  it('is asked again, and how often it refused is told', async () => {
    let count = 0;
    const port = await serve((request, response) => {
      count += 1;
      if (count === 1) request.socket.destroy();
      else response.writeHead(count < 4 ? 503 : 200, { 'content-length': 0 }).end();
    });
    expect(await sendUntilAnswered(port, get('/'))).toBe(3);
  });
});

describe('a server that answers with another error', () => {
  it('is not asked again', async () => {
    const port = await serve((_request, response) => response.writeHead(400, { 'content-length': 3 }).end('bad'));
    await expect(sendUntilAnswered(port, get('/'))).rejects.toThrow('the server answered 400 bad');
  });
});
