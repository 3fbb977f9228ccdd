import { once } from 'node:events';
import { connect, createServer, type OnReadOpts, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeOver } from './accepted-socket.js';
import { createRuntimeFolder, type RuntimeFolder } from './address.js';

let folder: RuntimeFolder;
let server: Server;
let client: Socket;

beforeEach(async () => {
  folder = createRuntimeFolder();
  server = createServer();
  server.listen(folder.socketPath('host'));
  await once(server, 'listening');
});

afterEach(() => {
  client.destroy();
  server.close();
  folder.remove();
});

/** The socket that took over what the server accepted, and that one. */
async function takenOver(onread: OnReadOpts): Promise<{ readonly socket: Socket; readonly accepted: Socket }> {
  const both = new Promise<{ socket: Socket; accepted: Socket }>((resolve) => {
    server.once('connection', (accepted) => resolve({ accepted, socket: takeOver(accepted, onread) }));
  });
  client = connect(server.address() as string);
  return both;
}

const connections = () => new Promise((resolve) => server.getConnections((_, count) => resolve(count)));

describe('a socket that took over an accepted one', () => {
  it('reads into the memory that it is given, and writes', async () => {
    const memory = Buffer.alloc(8);
    const heard: string[] = [];
    let isComplete = () => {};
    const complete = new Promise<void>((resolve) => {
      isComplete = resolve;
    });
    const callback = (count: number, buffer: Uint8Array) => {
      expect(buffer).toBe(memory);
      heard.push(memory.toString('latin1', 0, count));
      if (heard.join('').length === 11) isComplete();
      return true;
    };
    const { socket } = await takenOver({ buffer: () => memory, callback });
    client.write('hello there');
    await complete;
    expect(heard.join('')).toBe('hello there');
    socket.write('and back');
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(answer.toString()).toBe('and back');
  });

  it('counts as a connection of the server until it has ended', async () => {
    const { socket, accepted } = await takenOver({ buffer: Buffer.alloc(8), callback: () => true });
    expect(await connections()).toBe(1);
    const closed = once(server, 'close');
    server.close();
    expect(await connections()).toBe(1);
    socket.destroy();
    await closed;
    expect([socket.destroyed, accepted.destroyed]).toEqual([true, true]);
  });

  it('ends when the other side does', async () => {
    const { socket } = await takenOver({ buffer: Buffer.alloc(8), callback: () => true });
    const ended = once(socket.resume(), 'close');
    client.end();
    await ended;
    expect(await connections()).toBe(0);
  });
});

describe('a socket that has ended already', () => {
  it('is left as it is', async () => {
    const handedOn = new Promise<Socket>((resolve) => server.once('connection', resolve));
    client = connect(server.address() as string);
    const accepted = await handedOn;
    accepted.destroy();
    expect(takeOver(accepted, { buffer: Buffer.alloc(8), callback: () => true })).toBe(accepted);
  });
});
