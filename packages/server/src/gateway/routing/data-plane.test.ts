import { createServer, type Server } from 'node:net';
import type { JitneyError } from '@jitney/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type End, endOf } from '../../../test/wire/ends.js';
import { createRuntimeFolder, type RuntimeFolder } from '../../wire/address.js';
import { realClock } from '../../wire/clock.js';
import type { HostTiming } from '../../wire/frames.js';
import type { Condemned, HostEnd, ModelRoute, RoutingTable } from '../../wire/messages.js';
import type { Answer, Call } from '../call.js';
import { DataPlane } from './data-plane.js';
import { fingerprintOf } from './fingerprint.js';

/** A host as the gateway sees it: a socket, and what a test lets it say. */
interface FakeHost {
  readonly hostId: string;
  readonly socketPath: string;
  /** The gateway's connection, once there is one. */
  end(): Promise<End>;
  /** As if the process were gone. */
  die(): void;
}

let folder: RuntimeFolder;
let servers: Server[];
let plane: DataPlane;
let condemned: Condemned[];
beforeEach(() => {
  folder = createRuntimeFolder();
  servers = [];
  condemned = [];
  plane = new DataPlane({
    name: 'gateway 1',
    clock: realClock,
    limits: { maxHeldMs: 10_000, maxAttempts: 3, maxFrameBytes: 1e6 },
    onCondemned: (one) => condemned.push(one),
  });
});
afterEach(() => {
  plane.close();
  for (const server of servers) server.close();
  folder.remove();
});

async function startHost(hostId: string, socketPath = folder.socketPath(hostId)): Promise<FakeHost> {
  let onEnd: (end: End) => void;
  const end = new Promise<End>((resolve) => {
    onEnd = resolve;
  });
  const server = createServer((socket) => onEnd(endOf(socket, `host ${hostId}`)));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    hostId,
    socketPath,
    end: () => end,
    die: () => {
      server.close();
      void end.then(({ connection }) => connection.destroy());
    },
  };
}

const NAME = { name: 'model', version: '1' };
let revision = 0;

function routes(
  state: ModelRoute['state'],
  ...hosts: readonly Pick<FakeHost, 'hostId' | 'socketPath'>[]
): RoutingTable {
  const listed = hosts.map(({ hostId, socketPath }) => ({ hostId, socketPath, target: 0 }));
  return {
    revision: ++revision,
    models: [{ ...NAME, isDefault: true, state, reason: 'told', loaded: null, hosts: listed }],
  };
}

/** A request whose body is this value. */
const callOf = (value: number, timeoutMs = 10_000): Call => ({
  requestId: `${value}`,
  deadlineAtMs: realClock.now() + timeoutMs,
  priority: 0,
  outputs: null,
  body: { kind: 'tensors', tensors: [{ name: 'x', dtype: 'FP32', shape: [1], data: Float32Array.of(value) }] },
  traceparent: '',
  bytes: 4,
});

/** Sends it, and answers how it ended. Throws where it is not taken. */
function ask(value: number, timeoutMs?: number): Promise<Answer | JitneyError> {
  let onSettled: (answer: Answer | JitneyError) => void = () => {};
  const settled = new Promise<Answer | JitneyError>((resolve) => {
    onSettled = resolve;
  });
  plane.call(plane.routes.find('model', null), callOf(value, timeoutMs), { settle: onSettled });
  return settled;
}

const TIMING: HostTiming = {
  enqueuedAtMs: 0,
  startedAtMs: 0,
  finishedAtMs: 0,
  batchRows: 1,
  boundBy: 'waiting',
  receivedAtMs: 0,
  encodedAtMs: 0,
  decodedAtMs: 0,
  expectedWaitMs: 0,
};

/** The requests that came to the host so far, once there are as many. */
async function requestsAt(host: FakeHost, count: number) {
  const end = await host.end();
  const requests = () => end.received.filter((frame) => frame.type === 'request');
  await end.until(() => requests().length >= count);
  return requests();
}

/** Answers each request with its own body. */
async function answerAll(host: FakeHost, count = 1, timing = TIMING): Promise<void> {
  const { connection } = await host.end();
  for (const { id, body } of await requestsAt(host, count)) connection.send({ type: 'result', id, body, timing });
}

const ended = (host: FakeHost, end: HostEnd) =>
  plane.hostEnded({ hostId: host.hostId, end, detail: 'as told', stuckSinceMs: null });

describe('a request to a model that is ready', () => {
  it('goes to its host and comes back', async () => {
    const host = await startHost('a');
    plane.setRoutes(routes('ready', host));
    const answer = ask(7);
    await answerAll(host);
    expect(await answer).toMatchObject({ model: 'model', version: '1', attempts: 1 });
  });
  it('goes to the host that has least to do', async () => {
    const [one, two] = [await startHost('a'), await startHost('b')];
    plane.setRoutes(routes('ready', one, two));
    const answers = [1, 2, 3, 4].map((value) => ask(value));
    await Promise.all([answerAll(one, 2), answerAll(two, 2)]);
    expect(await Promise.all(answers)).toHaveLength(4);
  });
});

describe('a host that says how long its queue is', () => {
  const MINUTE_MS = 60_000;

  it('is not asked what cannot be in time: that is refused at once, with the time to come back', async () => {
    const host = await startHost('a');
    plane.setRoutes(routes('ready', host));
    const first = ask(1);
    await answerAll(host, 1, { ...TIMING, decodedAtMs: realClock.now(), expectedWaitMs: MINUTE_MS });
    await first;
    const refused = expect.objectContaining({ code: 'QUEUE_FULL', retryAfterMs: expect.closeTo(50_000, -4) });
    expect(() => ask(2, 10_000)).toThrow(refused);
    expect(() => plane.refuseLate(plane.routes.find('model', null), realClock.now() + 10_000)).toThrow(refused);
    const patient = ask(3, 2 * MINUTE_MS);
    await answerAll(host, 2, { ...TIMING, decodedAtMs: realClock.now() });
    expect(await patient).toMatchObject({ attempts: 1 });
    // It said that nothing waits any more.
    plane.refuseLate(plane.routes.find('model', null), realClock.now() + 1);
  });

  it('is not asked what is late already', async () => {
    const host = await startHost('a');
    plane.setRoutes(routes('ready', host));
    expect(() => ask(2, -1)).toThrow(expect.objectContaining({ code: 'DEADLINE_EXCEEDED' }));
  });

  it('is not all there is where another is free', async () => {
    const [busy, free] = [await startHost('a'), await startHost('b')];
    plane.setRoutes(routes('ready', busy));
    const first = ask(1);
    await answerAll(busy, 1, { ...TIMING, decodedAtMs: realClock.now(), expectedWaitMs: MINUTE_MS });
    await first;
    plane.setRoutes(routes('ready', busy, free));
    plane.refuseLate(plane.routes.find('model', null), realClock.now() + 10_000);
  });
});

describe('a host that is gone', () => {
  it.each(['word first', 'connection first'])('passes its requests on to the next one (%s)', async (order) => {
    const [one, two] = [await startHost('a'), await startHost('b')];
    plane.setRoutes(routes('ready', one));
    const answer = ask(7);
    await requestsAt(one, 1);
    if (order === 'word first') ended(one, 'killed');
    one.die();
    await (await one.end()).closed();
    plane.setRoutes(routes('restarting'));
    if (order === 'connection first') ended(one, 'killed');
    plane.setRoutes(routes('ready', two));
    await answerAll(two);
    expect(await answer).toMatchObject({ attempts: 2 });
  });

  it('and cannot be reached has had no request, and is tried again as long as it is listed', async () => {
    const socketPath = folder.socketPath('late');
    plane.setRoutes(routes('ready', { hostId: 'a', socketPath }));
    const answer = ask(7);
    const host = await startHost('a', socketPath);
    await answerAll(host);
    expect(await answer).toMatchObject({ attempts: 1 });
  });

  it('by a fault makes suspects of what it had, and a condemned one of what was alone', async () => {
    const [one, two] = [await startHost('a'), await startHost('b')];
    plane.setRoutes(routes('ready', one));
    const answer = ask(7);
    const [first] = await requestsAt(one, 1);
    expect(first?.alone).toBe(false);
    one.die();
    ended(one, 'fault');
    plane.setRoutes(routes('ready', two));
    const [second] = await requestsAt(two, 1);
    expect(second?.alone).toBe(true);
    const { connection } = await two.end();
    connection.send({ type: 'started', ids: [second?.id as number] });
    connection.flush();
    two.die();
    ended(two, 'fault');
    expect(await answer).toMatchObject({ code: 'REQUEST_CONDEMNED' });
    expect(condemned).toMatchObject([{ model: 'model', version: '1', detail: 'as told' }]);
  });
});

describe('a condemned request', () => {
  it('is refused until its model is pardoned', async () => {
    const host = await startHost('a');
    plane.setRoutes(routes('ready', host));
    const fingerprint = fingerprintOf(callOf(7).body);
    plane.condemn({ model: 'model', version: '1', fingerprint, detail: 'by SIGFPE' });
    expect(() => ask(7)).toThrow(expect.objectContaining({ code: 'REQUEST_CONDEMNED' }));
    plane.pardon('model', '1');
    const answer = ask(7);
    await answerAll(host);
    expect(await answer).toMatchObject({ attempts: 1 });
  });
});

describe('a host that drains', () => {
  it('gets no more, and the connection is closed once it has answered all', async () => {
    const [one, two] = [await startHost('a'), await startHost('b')];
    plane.setRoutes(routes('ready', one, two));
    const end = await one.end();
    const answers = [ask(1), ask(2)];
    await requestsAt(one, 1);
    end.connection.send({ type: 'drain' });
    await answerAll(two, 1);
    plane.setRoutes(routes('ready', two));
    const later = ask(3);
    await answerAll(two, 2);
    await later;
    expect(end.closes).toEqual([]);
    await answerAll(one);
    expect(await Promise.all(answers)).toHaveLength(2);
    await end.closed();
  });
});

describe('a request that waits for a host', () => {
  it('ends with the reason once the model is given up', async () => {
    plane.setRoutes(routes('restarting'));
    const answer = ask(7);
    plane.setRoutes(routes('failed'));
    expect(await answer).toMatchObject({ code: 'MODEL_FAILED', message: expect.stringMatching(/told/) });
  });
  it('ends once the model is unloaded', async () => {
    plane.setRoutes(routes('restarting'));
    const answer = ask(7);
    plane.setRoutes(routes('unloaded'));
    expect(await answer).toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
  it('ends at its deadline', async () => {
    plane.setRoutes(routes('restarting'));
    expect(await ask(7, 100)).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(plane.inFlight).toBe(0);
  });
});
