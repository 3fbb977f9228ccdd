import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import type { JitneyError } from '@jitney/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRuntimeFolder, type RuntimeFolder } from './address.js';
import { type Connection, createConnection, type Message } from './connection.js';

let folder: RuntimeFolder;
let server: Server;

interface End {
  readonly connection: Connection;
  readonly received: Message[];
  readonly closed: Promise<JitneyError | undefined>;
  /** Resolves when `count` frames have come. */
  has(count: number): Promise<void>;
}

beforeEach(() => {
  folder = createRuntimeFolder();
});

afterEach(() => {
  server.close();
  folder.remove();
});

describe('two ends', () => {
  it('exchange frames', async () => {
    const [a, b] = await pair();
    a.connection.send({ type: 'cancel', id: 7 });
    a.connection.send({
      type: 'piece',
      id: 3,
      last: false,
      body: {
        kind: 'tensors',
        tensors: [{ name: 'x', dtype: 'FP32', shape: [3_000_000], data: new Float32Array(3_000_000).fill(0.5) }],
      },
    });
    a.connection.send({ type: 'drain' });
    await b.has(3);
    expect(b.received.map((f) => f.type)).toEqual(['cancel', 'drain', 'piece']);
    a.connection.close();
    expect(await a.closed).toBeUndefined();
    expect(await b.closed).toBeUndefined();
  });
});

async function pair(): Promise<[End, End]> {
  const path = folder.socketPath('test');
  server = createServer();
  server.listen(path);
  await once(server, 'listening');
  const socket = connect(path);
  const [accepted] = await once(server, 'connection');
  return [end(socket, 'a'), end(accepted, 'b')];
}

function end(socket: import('node:net').Socket, name: string): End {
  const received: Message[] = [];
  const waits: { count: number; resolve: () => void }[] = [];
  let close: (error?: JitneyError) => void = () => {};
  const closed = new Promise<JitneyError | undefined>((resolve) => {
    close = resolve;
  });
  const connection = createConnection(socket, {
    name,
    maxFrameBytes: 64 << 20,
    onFrame: (frame) => {
      received.push(frame);
      for (const w of waits) if (received.length >= w.count) w.resolve();
    },
    onClose: close,
  });
  return {
    connection,
    received,
    closed,
    has: (count) => new Promise((resolve) => (received.length >= count ? resolve() : waits.push({ count, resolve }))),
  };
}
