import type { RequestListener, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { Histogram } from './histogram.js';
import { get } from './http-request.js';
import { type OpenLoopPlan, type RunningOpenLoop, startOpenLoop, voidReason } from './open-loop.js';
import { serveHttp, type TestServer } from './testing/http-server.js';

let server: TestServer;
let load: RunningOpenLoop;
afterEach(() => {
  load.stop();
  server.close();
});

async function serve(listener: RequestListener): Promise<number> {
  server = await serveHttp(listener);
  return server.port;
}

function start(port: number, sendsMs: readonly number[], plan: Partial<OpenLoopPlan> = {}): RunningOpenLoop {
  load = startOpenLoop({ port, requests: [get('/')], sendsMs: Float64Array.from(sendsMs), durationMs: 20, ...plan });
  return load;
}

/** Of a row of requests, one behind the other. */
const at = (count: number, moment = 0) => new Array<number>(count).fill(moment);

describe('an open loop', () => {
  it('sends every request, whatever became of those before, and waits for their answers', async () => {
    const held: ServerResponse[] = [];
    const port = await serve((_request, response) => {
      // Nobody is answered before all are there.
      if (held.push(response) === 30) endAll(held);
    });
    const report = await start(port, at(30)).done;
    expect(report).toMatchObject({ intended: 30, answered: 30, inTime: 30, refused: 0, unsent: 0, failures: {} });
    expect([report.latencyUs.count, report.lagUs.count]).toEqual([30, 30]);
  });

  it('sends its requests in turn', async () => {
    const seen: string[] = [];
    const port = await serve((request, response) => {
      seen.push(request.url!);
      response.end();
    });
    await start(port, [0, 5, 10], { requests: [get('/a'), get('/b')] }).done;
    expect(seen).toEqual(['/a', '/b', '/a']);
  });

  it('takes a connection that is free before it opens another one', async () => {
    const sockets = new Set<unknown>();
    const port = await serve((request, response) => {
      sockets.add(request.socket);
      response.end();
    });
    const moments = Array.from({ length: 100 }, (_, i) => i * 2);
    const { intended, unsent, answered } = await start(port, moments, { durationMs: 200, maxConnections: 1 }).done;
    expect(sockets.size).toBe(1);
    expect(answered).toBe(intended - unsent);
    expect(answered).toBeGreaterThan(1);
  });

  it('counts nothing of the warm-up', async () => {
    const port = await serve((_request, response) => response.end());
    const report = await start(port, [0, 1, 2, 30, 31], { warmUpMs: 25, durationMs: 40 }).done;
    expect(report).toMatchObject({ intended: 2, answered: 2 });
    expect(report.seconds).toBeCloseTo(0.015, 6);
  });

  it('counts latency from the intended moment, not from when it got round to sending', async () => {
    const port = await serve((_request, response) => response.end());
    const loop = start(port, [0], { durationMs: 1 });
    // The loop is held before the request can leave.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
    const { latencyUs, lagUs } = await loop.done;
    expect(latencyUs.max).toBeGreaterThanOrEqual(60_000);
    expect(lagUs.max).toBeLessThan(latencyUs.max);
  });

  it('that is stopped reports what was so far', async () => {
    const port = await serve((_request, response) => response.end());
    const loop = start(port, [0, 1, 2, 3_000_000], { durationMs: 3_000_000 });
    await until(() => loop.peek().answered === 3);
    loop.stop();
    expect(await loop.done).toMatchObject({ intended: 3, answered: 3, failures: {} });
  });
});

function endAll(responses: readonly ServerResponse[]): void {
  for (const response of responses) response.end();
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

describe('answers in an open loop', () => {
  it('are too late behind the time that was asked for', async () => {
    const held: ServerResponse[] = [];
    const port = await serve((_request, response) => {
      if (held.push(response) === 2) setTimeout(() => endAll(held), 30);
    });
    const report = await start(port, at(2), { sloMs: 20 }).done;
    expect(report).toMatchObject({ answered: 2, inTime: 0 });
  });

  it('are refusals where the server says that it cannot now, errors where it says anything else', async () => {
    const statuses = [200, 503, 429, 500];
    const port = await serve((_request, response) => response.writeHead(statuses.pop()!).end());
    const { answered, refused, failures, refusalUs } = await start(port, at(4)).done;
    expect({ answered, refused, failures }).toEqual({
      answered: 1,
      refused: 2,
      failures: { 429: 1, 500: 1, 503: 1 },
    });
    expect(refusalUs.count).toBe(2);
  });

  it('that never come are failures once the grace is over', async () => {
    const port = await serve(() => {});
    const report = await start(port, at(3), { graceMs: 10 }).done;
    expect(report).toMatchObject({ intended: 3, answered: 0, failures: { 'no answer': 3 } });
  });

  it('that are lost with their connection are failures, and the next request opens another one', async () => {
    let count = 0;
    const port = await serve((request, response) => {
      if (++count === 1) request.socket.destroy();
      else response.end();
    });
    const { answered, failures } = await start(port, [0, 30], { durationMs: 30 }).done;
    expect([answered, Object.values(failures)]).toEqual([1, [1]]);
  });

  it('cannot come for requests that found all connections busy: the run is void', async () => {
    const held: ServerResponse[] = [];
    const port = await serve((_request, response) => {
      held.push(response);
      setTimeout(() => endAll(held), 10);
    });
    const report = await start(port, at(5), { maxConnections: 2 }).done;
    expect(report).toMatchObject({ intended: 5, unsent: 3, answered: 2, failures: {} });
    expect(voidReason({ ...report, lagUs: new Histogram() })).toBe(
      'the load generator had no connection left for 3 requests',
    );
  });
});

describe('a run whose requests were late', () => {
  it('is void from a p99 of 1 ms on', () => {
    const lagUs = new Histogram();
    for (let i = 0; i < 98; i++) lagUs.record(10);
    lagUs.record(2_500);
    lagUs.record(2_500);
    expect(voidReason({ lagUs, unsent: 0 })).toBe('the load generator was 2.5 ms late at p99, above 1 ms');
    for (let i = 0; i < 200; i++) lagUs.record(10);
    expect(voidReason({ lagUs, unsent: 0 })).toBeNull();
  });
});
