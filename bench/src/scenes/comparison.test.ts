import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { Contender } from '../contenders/contender.js';
import { get } from '../load/index.js';
import { Children } from '../processes/children.js';
import { compare } from './comparison.js';
import type { Stage } from './scene.js';

/** A server in this process that answers `status`; `running` holds the names of those that run. */
function contender(name: string, running: Set<string>, status = 200): Contender {
  return {
    name,
    request: get('/'),
    async start() {
      const server = createServer((_request, response) => response.writeHead(status, { 'content-length': 0 }).end());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      running.add(name);
      return {
        port: (server.address() as AddressInfo).port,
        pid: process.pid,
        stop: async () => {
          running.delete(name);
          server.closeAllConnections();
          await new Promise((resolve) => server.close(resolve));
        },
      };
    },
  };
}

function stageOf(rounds: number) {
  const recorded: unknown[] = [];
  const stage: Stage = {
    isQuick: true,
    rounds,
    children: new Children(),
    folder: tmpdir(),
    say: () => {},
    record: (run) => recorded.push(run),
  };
  return { stage, recorded };
}

const POINTS = [{ connections: 1 }, { connections: 2 }];
const SHORT = { warmUpMs: 1, measureMs: 50 };

describe.runIf(process.platform === 'linux')('contenders that are compared', () => {
  it('take turns, the other way round in the next round', async () => {
    const running = new Set<string>();
    const { stage, recorded } = stageOf(2);
    const contenders = [contender('a', running), contender('b', running)];
    const { runs } = await compare(stage, { contenders, points: POINTS, ...SHORT });
    expect(runs.map((run) => `${run.round}${run.contender}${run.point}`)).toEqual([
      '1a1',
      '1a2',
      '1b1',
      '1b2',
      '2b1',
      '2b2',
      '2a1',
      '2a2',
    ]);
    expect(runs.every((run) => run.requestsPerSecond > 0 && run.p99Us >= run.p50Us && run.batchRows === null)).toBe(
      true,
    );
    expect(recorded).toEqual(runs);
    expect([...running]).toEqual([]);
  });

  it('are refused where one does not answer with 200, and none goes on running', async () => {
    const running = new Set<string>();
    const contenders = [contender('a', running), contender('b', running, 400)];
    const comparison = compare(stageOf(1).stage, { contenders, points: [{ connections: 1 }], ...SHORT });
    await expect(comparison).rejects.toThrow('b: the server answered 400');
    expect([...running]).toEqual([]);
  });

  it('go on without a peer that fails, which is said once', async () => {
    const running = new Set<string>();
    const failing = { ...contender('b', running, 500), isOptional: true };
    const plan = { contenders: [failing, contender('a', running)], points: [{ connections: 1 }], ...SHORT };
    const { runs, absences } = await compare(stageOf(2).stage, plan);
    expect(runs.map((run) => `${run.round}${run.contender}`)).toEqual(['1a', '2a']);
    expect(absences).toEqual(['b: the server answered 500 ']);
    expect([...running]).toEqual([]);
  });

  it('are refused where an answer to one of the requests is wrong', async () => {
    const requests = [get('/'), get('/second')];
    const check = (_body: Buffer, at: number) => {
      if (at === 1) throw new Error('a wrong value');
    };
    const contenders = [{ ...contender('a', new Set()), requests, check }];
    const comparison = compare(stageOf(1).stage, { contenders, points: [{ connections: 1 }], ...SHORT });
    await expect(comparison).rejects.toThrow('a: a wrong value');
  });
});
