import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runGenerator } from '../../dist/load/generator.js';
import { Children } from '../../dist/processes/children.js';
import { postJson } from './index.js';

let folder: string;
let server: Server;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jitney-bench-'));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

describe('the load generator in a process of its own', () => {
  it('sends its requests at their moments, and tells all it saw', async () => {
    const bodies: string[] = [];
    server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      bodies.push(body);
      response.statusCode = body === '"b"' ? 503 : 200;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const report = await runGenerator(
      { children: new Children(), folder },
      {
        port: (server.address() as AddressInfo).port,
        requests: [postJson('/', '"a"'), postJson('/', '"b"')],
        sendsMs: Float64Array.of(0, 20, 40, 60),
        warmUpMs: 10,
        durationMs: 80,
        sloMs: null,
        graceMs: 1_000,
      },
    );
    expect(bodies.sort()).toEqual(['"a"', '"a"', '"b"', '"b"']);
    // The first is the warm-up's.
    expect(report).toMatchObject({ intended: 3, answered: 1, refused: 2, failures: { 503: 2 }, unsent: 0 });
    expect([report.latencyUs.count, report.refusalUs.count, report.lagUs.count]).toEqual([1, 2, 3]);
    expect(report.generatorCpuMs).toBeGreaterThan(0);
  });
});
