import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { JitneyError } from '@jitney/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { anyFrame } from '../../test/wire/arbitrary-frames.js';
import {
  acceptedEnd,
  cancelBytes,
  diallingEnd,
  type End,
  endOf,
  helloBytes,
  MAX_BYTES,
  request,
} from '../../test/wire/ends.js';
import { createRuntimeFolder, type RuntimeFolder } from './address.js';
import type { Message } from './connection.js';
import { type RequestFrame, WIRE_VERSION } from './frames.js';
import { LargeBuffers } from './large-buffers.js';

let folder: RuntimeFolder;
let server: Server;
const sockets: Socket[] = [];
const ends: End[] = [];

beforeEach(() => {
  folder = createRuntimeFolder();
  server = createServer();
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const { connection } of ends.splice(0)) connection.destroy();
  server.close();
  folder.remove();
});

/** Both ends of a Unix socket. */
async function socketPair(): Promise<[Socket, Socket]> {
  const path = folder.socketPath('pair');
  server.listen(path);
  await once(server, 'listening');
  const dialled = connect(path);
  const [[accepted]] = (await Promise.all([once(server, 'connection'), once(dialled, 'connect')])) as [
    [Socket],
    unknown,
  ];
  sockets.push(dialled, accepted);
  return [dialled, accepted];
}

const idOf = (frame: Message) => ('id' in frame ? frame.id : -1);

const bodyOf = ({ body }: RequestFrame) => (body.kind === 'tensors' ? body.tensors : []);

/** Both ends as a gateway and a host have them. */
async function connectedPair(memory?: LargeBuffers): Promise<[End, End]> {
  const path = folder.socketPath('pair');
  server.listen(path);
  await once(server, 'listening');
  // A socket is taken over as it is handed on, not a turn later.
  const accepted = new Promise<End>((resolve) => {
    server.once('connection', (socket) => resolve(acceptedEnd(socket, 'host fraud@1', memory)));
  });
  const dialled = diallingEnd(path, 'gateway 1', memory);
  const pair: [End, End] = [dialled, await accepted];
  ends.push(...pair);
  return pair;
}

describe('two ends of a connection', () => {
  it('know each other by name', async () => {
    const [a, b] = await connectedPair();
    a.connection.send({ type: 'drain' });
    b.connection.send({ type: 'drain' });
    await Promise.all([a.until(() => a.received.length >= 1), b.until(() => b.received.length === 1)]);
    expect([a.connection.peerName, b.connection.peerName]).toEqual(['host fraud@1', 'gateway 1']);
  });

  it.each<[string, () => Promise<[End, End]>]>([
    ['read to where they want it', connectedPair],
    [
      'over sockets as they are',
      async () => {
        const [a, b] = await socketPair();
        return [endOf(a, 'a'), endOf(b, 'b')];
      },
    ],
  ])('receive what the other sent, whatever it is: %s', async (_, pair) => {
    const [a, b] = await pair();
    const messages = fc.array(
      anyFrame.filter((frame) => frame.type !== 'hello'),
      { maxLength: 10 },
    );
    const exchange = fc.asyncProperty(messages, async (frames) => {
      const numbered = frames.map((frame, id) => ('id' in frame ? { ...frame, id } : frame));
      b.received.length = 0;
      for (const frame of numbered) a.connection.send(frame);
      await b.until(() => b.received.length >= frames.length);
      const missing = numbered.filter((frame) => !b.received.some((other) => isDeepStrictEqual(other, frame)));
      expect(missing).toEqual([]);
    });
    await fc.assert(exchange, { numRuns: 200 });
  });

  it('keep the order of what is about one request, large or small, in both directions', async () => {
    const [a, b] = await connectedPair();
    const sizes = fc.array(fc.tuple(fc.nat(2), fc.constantFrom(1, 2000, 9000, 20_001, 150_000, 400_003)), {
      minLength: 1,
      maxLength: 12,
    });
    const inOrder = fc.asyncProperty(sizes, async (plan) => {
      const frames = plan.map(([id, elements], at) => request(id, elements, { priority: at }));
      for (const { received } of [a, b]) received.length = 0;
      for (const frame of frames) {
        a.connection.send(frame);
        b.connection.send(frame);
      }
      for (const end of [a, b]) {
        await end.until(() => end.received.length >= frames.length);
        const sorted = end.received.toSorted((one, other) => idOf(one) - idOf(other));
        expect(
          isDeepStrictEqual(
            sorted,
            frames.toSorted((one, other) => one.id - other.id),
          ),
        ).toBe(true);
      }
    });
    await fc.assert(inOrder, { numRuns: 30 });
  });

  it('write what was sent in one turn of the loop at once', async () => {
    const [socket, peer] = await socketPair();
    const write = vi.spyOn(socket, 'write');
    const a = endOf(socket, 'a');
    const b = endOf(peer, 'b');
    for (let id = 0; id < 100; id++) a.connection.send(request(id, 30));
    await b.until(() => b.received.length >= 100);
    expect(write).toHaveBeenCalledTimes(1);
  });

  it('take a tensor in shared memory', async () => {
    const [a, b] = await connectedPair();
    const data = new Float32Array(new SharedArrayBuffer(400_000)).fill(0.5);
    const tensors = [{ name: 'x', dtype: 'FP32' as const, shape: [100_000], data }];
    a.connection.send(request(1, 0, { body: { kind: 'tensors', tensors } }));
    await b.until(() => b.received.length >= 1);
    expect(b.received[0]).toMatchObject({ body: { tensors: [{ data: new Float32Array(100_000).fill(0.5) }] } });
  });
});

describe('the memory of what is sent', () => {
  it('is free once it was written: at once where it was copied, else with the last piece', async () => {
    const [a, b] = await connectedPair();
    const freed: string[] = [];
    a.connection.send(request(1, 500_000), () => freed.push(`large, ${a.connection.bufferedBytes} bytes wait`));
    a.connection.send(request(2, 3), () => freed.push('small'));
    expect(freed).toEqual(['small']);
    await b.until(() => b.received.length === 2);
    await vi.waitUntil(() => freed.length === 2);
    expect(freed).toEqual(['small', 'large, 0 bytes wait']);
  });

  it('is free when nothing is sent any more', async () => {
    const [a] = await connectedPair();
    a.connection.destroy();
    let isFree = false;
    a.connection.send(request(1, 500_000), () => {
      isFree = true;
    });
    expect(isFree).toBe(true);
  });
});

describe('the memory of what is received', () => {
  it('is that of the frame before, once it was given back', async () => {
    const [dialled, accepted] = await socketPair();
    const memory = new LargeBuffers();
    const buffers = new Set<ArrayBufferLike>();
    const a = endOf(dialled, 'a');
    const b = endOf(
      accepted,
      'b',
      (frame) => {
        const { body } = frame as RequestFrame;
        if (body.kind !== 'tensors') return;
        for (const { data } of body.tensors) buffers.add((data as Float32Array).buffer);
        expect(body.tensors).toEqual(bodyOf(request(b.received.length - 1, 200_000)));
        memory.giveFrame(body.tensors);
      },
      memory,
    );
    for (let id = 0; id < 5; id++) {
      a.connection.send(request(id, 200_000));
      await b.until(() => b.received.length > id);
    }
    expect(buffers.size).toBe(1);
  });
});

describe('a frame that was flushed', () => {
  it('was taken by the system when flush returns', async () => {
    const [socket, peer] = await socketPair();
    const { connection } = endOf(socket, 'a');
    connection.send({ type: 'started', ids: [1, 2] });
    expect(socket.bytesWritten).toBe(0);
    expect(connection.flush()).toBe(true);
    expect(connection.bufferedBytes).toBe(0);
    const [chunk] = (await once(peer, 'data')) as [Buffer];
    expect(chunk.length).toBe(socket.bytesWritten);
  });

  it('is not known to be taken while the other side reads nothing', async () => {
    const [socket] = await socketPair();
    const { connection } = endOf(socket, 'a');
    connection.send(request(1, 1_000_000));
    await turnOfTheLoop();
    connection.send({ type: 'started', ids: [1] });
    expect(connection.flush()).toBe(false);
  });
});

describe('a cancel behind a tensor of 10 MB', () => {
  it('overtakes it when sent in the same turn', async () => {
    const [a, b] = await connectedPair();
    a.connection.send(request(1, 2_500_000));
    a.connection.send({ type: 'cancel', id: 2 });
    await b.until(() => b.received.length >= 2);
    expect(b.received.map((frame) => frame.type)).toEqual(['cancel', 'request']);
  });

  it('overtakes it when the tensor is on its way', async () => {
    const [socket, peer] = await socketPair();
    const a = endOf(socket, 'a');
    const b = endOf(peer, 'b');
    a.connection.send(request(1, 2_500_000));
    await once(peer, 'data');
    expect(a.connection.bufferedBytes).toBeGreaterThan(8_000_000);
    a.connection.send({ type: 'cancel', id: 2 });
    await b.until(() => b.received.length >= 2);
    expect(b.received.map((frame) => frame.type)).toEqual(['cancel', 'request']);
    expect(isDeepStrictEqual(b.received[1], request(1, 2_500_000))).toBe(true);
  });

  it('stays behind it when it is about it', async () => {
    const [a, b] = await connectedPair();
    a.connection.send(request(1, 2_500_000));
    a.connection.send({ type: 'cancel', id: 1 });
    await b.until(() => b.received.length >= 2);
    expect(b.received.map((frame) => frame.type)).toEqual(['request', 'cancel']);
  });
});

describe('a connection whose other side does not read', () => {
  it('says that enough is waiting, and says when it may go on', async () => {
    const [socket, peer] = await socketPair();
    const a = endOf(socket, 'a');
    expect(a.connection.send(request(1, 1000))).toBe(true);
    expect(a.connection.send(request(2, 1_000_000))).toBe(false);
    expect(a.connection.bufferedBytes).toBeGreaterThan(4_000_000);
    peer.resume();
    await a.until(() => a.drains() > 0);
    expect(a.connection.bufferedBytes).toBeLessThan(1024 * 1024);
    expect(a.connection.send({ type: 'drain' })).toBe(true);
  });
});

describe('a frame above the limit', () => {
  it('is refused to its sender, and the connection goes on', async () => {
    const [a, b] = await connectedPair();
    const tooLarge = request(1, MAX_BYTES / 4);
    expect(() => a.connection.send(tooLarge)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
    a.connection.send({ type: 'cancel', id: 2 });
    await b.until(() => b.received.length >= 1);
    expect(b.received).toEqual([{ type: 'cancel', id: 2 }]);
  });
});

describe('a connection that is closed', () => {
  it('writes what was sent before, and ends once on both sides without an error', async () => {
    const [a, b] = await connectedPair();
    a.connection.send(request(1, 1_000_000));
    a.connection.send({ type: 'drain' });
    a.connection.close();
    expect(a.connection.send({ type: 'cancel', id: 1 })).toBe(false);
    await Promise.all([a.closed(), b.closed()]);
    expect(b.received.map((frame) => frame.type)).toEqual(['drain', 'request']);
    a.connection.close();
    a.connection.destroy();
    expect([a.closes, b.closes]).toEqual([[undefined], [undefined]]);
  });

  it('ends once with the error it was destroyed with, and hands on nothing more', async () => {
    const [socket, peer] = await socketPair();
    const reason = new JitneyError('HOST_LOST', 'the host hangs');
    const a: End = endOf(socket, 'a', () => a.connection.destroy(reason));
    const b = endOf(peer, 'b');
    b.connection.send({ type: 'cancel', id: 1 });
    b.connection.send({ type: 'cancel', id: 2 });
    expect(await a.closed()).toBe(reason);
    await b.closed();
    expect(a.received).toEqual([{ type: 'cancel', id: 1 }]);
    expect([a.closes.length, b.closes.length]).toEqual([1, 1]);
  });

  it('by a receiver that throws, ends with what it threw', async () => {
    const [socket, peer] = await socketPair();
    const a = endOf(socket, 'a', () => {
      throw new TypeError('a bug in the receiver');
    });
    endOf(peer, 'b').connection.send({ type: 'drain' });
    expect(await a.closed()).toMatchObject({ code: 'INTERNAL', cause: expect.any(TypeError) });
  });

  it('before it was there, ends once with the reason', async () => {
    const path = folder.socketPath('nobody');
    const a = endOf(connect(path), 'gateway 1');
    a.connection.send({ type: 'drain' });
    const error = await a.closed();
    expect(error).toMatchObject({ code: 'INTERNAL', message: expect.stringContaining(`connect ENOENT ${path}`) });
    expect(a.closes).toHaveLength(1);
  });
});

describe('another side that is not one of ours', () => {
  it('is refused when it speaks another version, and is told ours', async () => {
    const [socket, peer] = await socketPair();
    const a = endOf(socket, 'gateway 1');
    const heard: Buffer[] = [];
    peer.on('data', (chunk) => heard.push(chunk));
    peer.write(Buffer.concat([helloBytes(WIRE_VERSION + 1, 'host fraud@1'), cancelBytes(1)]));
    expect(await a.closed()).toMatchObject({
      code: 'INTERNAL',
      message:
        `frame: "gateway 1" speaks version ${WIRE_VERSION} of the wire, "host fraud@1" version ${WIRE_VERSION + 1}: ` +
        'start both from the same installation of Jitney',
    });
    if (!peer.closed) await once(peer, 'close');
    expect(Buffer.concat(heard).equals(helloBytes(WIRE_VERSION, 'gateway 1'))).toBe(true);
    expect(a.received).toEqual([]);
  });

  const HELLO = helloBytes(WIRE_VERSION, 'x');
  it.each<[string, Buffer, string]>([
    ['speaks HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 'unknown kind of record'],
    ['says no hello first', cancelBytes(1), 'expected a hello first, got "cancel"'],
    ['says hello twice', Buffer.concat([HELLO, HELLO]), 'a second hello'],
    ['sends garbage after its hello', Buffer.concat([HELLO, Buffer.alloc(64, 0xff)]), 'unknown kind of record 255'],
  ])('is refused when it %s', async (_, bytes, message) => {
    const [socket, peer] = await socketPair();
    const a = endOf(socket, 'a');
    peer.resume();
    peer.write(bytes);
    expect(await a.closed()).toMatchObject({ code: 'INTERNAL', message: expect.stringContaining(message) });
    expect(a.received).toEqual([]);
  });
});

describe('another side that leaves', () => {
  it.each<[string, Buffer, string]>([
    ['before its hello', Buffer.alloc(0), 'left before its hello'],
    ['in the middle of a frame', cancelBytes(1).subarray(0, 15), 'left in the middle of a frame'],
  ])('%s ends the connection with an error', async (_, bytes, message) => {
    const [socket, peer] = await socketPair();
    const a = endOf(socket, 'a');
    peer.resume();
    peer.end(bytes.length === 0 ? bytes : Buffer.concat([helloBytes(WIRE_VERSION, 'x'), bytes]));
    expect(await a.closed()).toMatchObject({ code: 'INTERNAL', message: expect.stringContaining(message) });
    expect(a.closes).toHaveLength(1);
  });

  it('is heard to its last frame, even when a write to it fails first', async () => {
    const [socket, peer] = await socketPair();
    const a = endOf(socket, 'a');
    peer.write(Buffer.concat([helloBytes(WIRE_VERSION, 'x'), cancelBytes(1)]));
    await a.until(() => a.received.length >= 1);
    peer.write(cancelBytes(2));
    peer.destroy();
    a.connection.send({ type: 'drain' });
    a.connection.flush();
    expect(await a.closed()).toMatchObject({ message: expect.stringContaining('write EPIPE') });
    expect(a.received).toEqual([
      { type: 'cancel', id: 1 },
      { type: 'cancel', id: 2 },
    ]);
    expect(a.closes).toHaveLength(1);
  });
});
