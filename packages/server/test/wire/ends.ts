import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import type { JitneyError } from '@jitney/core';
import {
  accept,
  type Connection,
  type ConnectionOptions,
  createConnection,
  dial,
  type Message,
} from '../../src/wire/connection.js';
import type { RequestFrame } from '../../src/wire/frames.js';
import { LargeBuffers } from '../../src/wire/large-buffers.js';

export const MAX_BYTES = 64 * 1024 * 1024;

/** One end of a connection and what happened to it. */
export interface End {
  readonly connection: Connection;
  readonly received: Message[];
  /** Every call of onClose. */
  readonly closes: (JitneyError | undefined)[];
  readonly drains: () => number;
  /** Resolves when something happened that makes `isReached` true. */
  until(isReached: () => boolean): Promise<void>;
  /** What onClose was called with. */
  closed(): Promise<JitneyError | undefined>;
}

/** An end over a socket as it is. */
export function endOf(
  socket: Socket,
  name: string,
  onFrame: (frame: Message) => void = () => {},
  memory = new LargeBuffers(),
): End {
  return createEnd((options) => createConnection(socket, options), name, onFrame, memory);
}

/** An end over a socket that a server has just handed on, as a host has it. */
export function acceptedEnd(socket: Socket, name: string, memory = new LargeBuffers()): End {
  return createEnd(
    (options) => accept(socket, options),
    name,
    () => {},
    memory,
  );
}

/** An end that connects, as a gateway has it. */
export function diallingEnd(path: string, name: string, memory = new LargeBuffers()): End {
  return createEnd(
    (options) => dial(path, options, () => {}),
    name,
    () => {},
    memory,
  );
}

function createEnd(
  open: (options: ConnectionOptions) => Connection,
  name: string,
  onFrame: (frame: Message) => void,
  memory: LargeBuffers,
): End {
  const steps = new EventEmitter();
  const received: Message[] = [];
  const closes: (JitneyError | undefined)[] = [];
  let drains = 0;
  const until = async (isReached: () => boolean) => {
    while (!isReached()) await once(steps, 'step');
  };
  const connection = open({
    name,
    maxFrameBytes: MAX_BYTES,
    memory,
    onFrame: (frame) => {
      received.push(frame);
      onFrame(frame);
      steps.emit('step');
    },
    onClose: (error) => {
      closes.push(error);
      steps.emit('step');
    },
    onDrain: () => {
      drains += 1;
      steps.emit('step');
    },
  });
  const closed = async () => {
    await until(() => closes.length > 0);
    return closes[0];
  };
  return { connection, received, closes, drains: () => drains, until, closed };
}

export function request(id: number, elements: number, fields: Partial<RequestFrame> = {}): RequestFrame {
  const data = Float32Array.from({ length: elements }, (_, i) => i + id);
  return {
    type: 'request',
    id,
    target: 0,
    requestId: `request ${id}`,
    deadlineAtMs: 1,
    priority: 0,
    attempt: 1,
    alone: false,
    tenant: '',
    affinity: '',
    traceparent: '',
    attachment: '',
    outputs: null,
    body: { kind: 'tensors', tensors: [{ name: 'x', dtype: 'FP32', shape: [elements], data }] },
    ...fields,
  };
}

/** A whole record around the fields of a hello, written by hand from the drawing in layout.ts. */
export function helloBytes(version: number, name: string): Buffer {
  const payload = Buffer.alloc(14 + name.length);
  payload[0] = 8;
  payload.write('JTNY', 4);
  payload.writeUInt32LE(version, 8);
  payload.writeUInt16LE(name.length, 12);
  payload.write(name, 14);
  return record(payload);
}

function record(payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(payload.length, 0);
  header[4] = 1;
  return Buffer.concat([header, payload, Buffer.alloc(-payload.length & 7)]);
}

export function cancelBytes(id: number): Buffer {
  const payload = Buffer.alloc(10);
  payload[0] = 5;
  payload.writeDoubleLE(id, 2);
  return record(payload);
}
