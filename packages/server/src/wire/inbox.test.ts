import { isDeepStrictEqual } from 'node:util';
import { JitneyError } from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFrame } from '../../test/wire/arbitrary-frames.js';
import { type Frame, PIECE_BYTES } from './frames.js';
import { Inbox } from './inbox.js';
import { Outbox } from './outbox.js';
import { MAX_OPEN_FRAMES } from './piece-queue.js';

const MAX_BYTES = 1024 * 1024;

/** Every byte that an outbox sends for `frames`, which all are added before the first is taken. */
function sent(frames: readonly Frame[]): Buffer {
  const outbox = new Outbox(MAX_BYTES);
  for (const frame of frames) outbox.add(frame);
  const parts: Uint8Array[] = [outbox.takeSmall().written()];
  for (let piece = outbox.takePiece(); piece !== null; piece = outbox.takePiece()) parts.push(...piece.parts);
  return Buffer.concat(parts);
}

/** `bytes` cut at `cuts`, each chunk with memory of its own as those of a socket have. */
function chunked(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1))), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => {
    const chunk = Buffer.allocUnsafeSlow(end - (ends[i - 1] ?? 0));
    bytes.copy(chunk, 0, end - chunk.length, end);
    return chunk;
  });
}

/** What a socket does that has `chunks` one after the other: reads as much of each as there is room for. */
function read(receiver: Inbox, chunks: readonly Buffer[]): void {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const count = chunk.copy(receiver.room(), 0, at);
      receiver.received(count);
      at += count;
      // Nothing that was handed on may still lie where the next bytes are read to.
      receiver.room().fill(0xee);
    }
  }
}

/** The frames in order, for each request they are about. */
function byRequest(frames: readonly Frame[]): Map<number | null, Frame[]> {
  const groups = new Map<number | null, Frame[]>();
  for (const frame of frames) {
    const id = 'id' in frame ? frame.id : null;
    groups.set(id, [...(groups.get(id) ?? []), frame]);
  }
  return new Map([...groups].sort(([a], [b]) => (a ?? -1) - (b ?? -1)));
}

function record(kind: number, stream: number, payload: Uint8Array, length = payload.length): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(length, 0);
  header[4] = kind;
  header.writeUInt16LE(stream, 6);
  return Buffer.concat([header, payload, new Uint8Array(-length & 7)]);
}

const WHOLE = 1;
const OPEN = 2;
const MORE = 3;

function open(stream: number, total: number, first: Uint8Array = new Uint8Array(8)): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(total, 0);
  return record(OPEN, stream, Buffer.concat([header, first]));
}

function inbox(): { readonly frames: Frame[]; readonly inbox: Inbox } {
  const frames: Frame[] = [];
  return { frames, inbox: new Inbox(MAX_BYTES, (frame) => frames.push(frame)) };
}

describe('frames in chunks', () => {
  const fewIds = fc.array(
    anyFrame.map((frame) => ('id' in frame ? { ...frame, id: frame.id % 3 } : frame)),
    { maxLength: 8 },
  );

  it('all arrive once and in order for each request, however they are cut', () => {
    const arrive = fc.property(fewIds, fc.array(fc.nat(), { maxLength: 30 }), (frames, cuts) => {
      const receiver = inbox();
      for (const chunk of chunked(sent(frames), cuts)) receiver.inbox.push(chunk);
      expect(receiver.inbox.isBetweenFrames).toBe(true);
      expect(isDeepStrictEqual(byRequest(receiver.frames), byRequest(frames))).toBe(true);
    });
    fc.assert(arrive, { numRuns: 500 });
  });

  it('all arrive once and in order for each request, however many bytes are read at a time', () => {
    const arrive = fc.property(fewIds, fc.array(fc.nat(), { maxLength: 30 }), (frames, cuts) => {
      const receiver = inbox();
      read(receiver.inbox, chunked(sent(frames), cuts));
      expect(receiver.inbox.isBetweenFrames).toBe(true);
      expect(isDeepStrictEqual(byRequest(receiver.frames), byRequest(frames))).toBe(true);
    });
    fc.assert(arrive, { numRuns: 500 });
  });

  it('all arrive when every byte comes alone', () => {
    const frames: Frame[] = [
      { type: 'hello', version: 1, name: 'gateway 1' },
      {
        type: 'piece',
        id: 1,
        last: true,
        body: { kind: 'content', contentType: '', bytes: new Uint8Array(70_000).fill(7) },
      },
      { type: 'drain' },
    ];
    const receiver = inbox();
    for (const byte of sent(frames)) receiver.inbox.push(Buffer.of(byte));
    expect(isDeepStrictEqual(byRequest(receiver.frames), byRequest(frames))).toBe(true);
  });

  it('are between frames at the end of each, and nowhere else', () => {
    const large = { kind: 'content', contentType: '', bytes: new Uint8Array(70_000) } as const;
    const bytes = sent([{ type: 'piece', id: 1, last: true, body: large }]);
    const places = fc.property(fc.nat(bytes.length), (end) => {
      const receiver = inbox();
      receiver.inbox.push(bytes.subarray(0, end));
      expect(receiver.inbox.isBetweenFrames).toBe(end === 0 || end === bytes.length);
    });
    fc.assert(places);
  });

  it('stop arriving once it was told to, even in the middle of a chunk', () => {
    const seen: Frame[] = [];
    const stopping: Inbox = new Inbox(MAX_BYTES, (frame) => {
      seen.push(frame);
      stopping.stop();
    });
    stopping.push(
      sent([
        { type: 'cancel', id: 1 },
        { type: 'cancel', id: 2 },
      ]),
    );
    expect(seen).toEqual([{ type: 'cancel', id: 1 }]);
  });
});

describe('a frame in pieces whose bytes are read to where they are wanted', () => {
  const bytes = new Uint8Array(3 * PIECE_BYTES).fill(7);
  const frame: Frame = { type: 'piece', id: 1, last: true, body: { kind: 'content', contentType: '', bytes } };

  it('is read into its own memory from the second read of a record on', () => {
    const receiver = inbox();
    const record = sent([frame]);
    receiver.inbox.received(record.copy(receiver.inbox.room(), 0, 0, 1000));
    const room = receiver.inbox.room();
    expect(room.length).toBe(8 + 8 + PIECE_BYTES - 1000);
    read(receiver.inbox, [record.subarray(1000)]);
    const [arrived] = receiver.frames;
    expect(arrived).toEqual(frame);
    expect((arrived as typeof frame & { body: { bytes: Uint8Array } }).body.bytes.buffer).toBe(room.buffer);
  });

  it('has no room any more once the inbox was stopped', () => {
    const receiver = inbox();
    const record = sent([frame]);
    receiver.inbox.received(record.copy(receiver.inbox.room(), 0, 0, 1000));
    const own = receiver.inbox.room();
    receiver.inbox.stop();
    expect(receiver.inbox.room().buffer).not.toBe(own.buffer);
    receiver.inbox.received(1000);
    expect(receiver.frames).toEqual([]);
  });
});

describe('bytes that are no records', () => {
  it.each<[string, Buffer[], string]>([
    ['an unknown kind', [record(9, 0, new Uint8Array(8))], 'unknown kind of record 9'],
    ['an empty frame', [record(WHOLE, 0, new Uint8Array(0))], 'a frame of 0 bytes, where 1 to 1048576 are allowed'],
    [
      'a small frame that is large',
      [record(WHOLE, 0, new Uint8Array(0), 65_537)],
      'a record of 65537 bytes is above the limit of 65536',
    ],
    ['a frame above the limit', [open(1, MAX_BYTES + 1)], 'a frame of 1048577 bytes, where 1 to 1048576 are allowed'],
    [
      'frames in pieces above the limit together',
      [open(1, MAX_BYTES), open(2, 8)],
      'frames in pieces of 1048584 bytes are above the limit of 1048576',
    ],
    ['a stream opened twice', [open(1, 100), open(1, 100)], 'stream 1 is open already'],
    ['a piece of no stream', [record(MORE, 4, new Uint8Array(8))], 'stream 4 is not open'],
    ['an empty piece', [open(1, 100), record(MORE, 1, new Uint8Array(0))], 'a piece of 0 bytes, where 92 are missing'],
    [
      'a piece too long',
      [open(1, 100), record(MORE, 1, new Uint8Array(93))],
      'a piece of 93 bytes, where 92 are missing',
    ],
    ['an opening without bytes', [open(1, 100, new Uint8Array(0))], 'a piece of 0 bytes, where 100 are missing'],
    [
      'more open frames than allowed',
      Array.from({ length: MAX_OPEN_FRAMES + 1 }, (_, i) => open(i, 100)),
      'more than 16 frames in pieces',
    ],
  ])('are refused: %s', (_, records, message) => {
    const receiver = inbox();
    const bytes = Buffer.concat([...records, new Uint8Array(8)]);
    expect(() => receiver.inbox.push(bytes)).toThrow(`frame: ${message}`);
  });

  it('are refused or harmless at random, and never hold more than the limit', () => {
    const anyRecord = fc
      .tuple(fc.nat(4), fc.nat(3), fc.uint8Array({ maxLength: 80 }), fc.option(fc.nat(0xffff_ffff)))
      .map(([kind, stream, payload, length]) => record(kind, stream, payload, length ?? payload.length));
    const hostile = fc.property(fc.array(anyRecord), fc.array(fc.nat()), (records, cuts) => {
      pushHostile(chunked(Buffer.concat(records), cuts));
    });
    fc.assert(hostile, { numRuns: 2000 });
  });

  it('are refused or harmless when bits are flipped', () => {
    const flipped = fc.property(fc.array(anyFrame), fc.array(fc.nat(), { maxLength: 5 }), (frames, places) => {
      const bytes = sent(frames);
      if (bytes.length === 0) return;
      for (const place of places) bytes[(place >> 3) % bytes.length]! ^= 1 << (place & 7);
      pushHostile(chunked(bytes, places));
    });
    fc.assert(flipped, { numRuns: 1000 });
  });

  function pushHostile(chunks: readonly Buffer[]): void {
    const push = (receiver: Inbox) => {
      for (const chunk of chunks) receiver.push(chunk);
    };
    for (const take of [push, (receiver: Inbox) => read(receiver, chunks)]) {
      try {
        take(inbox().inbox);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(JitneyError);
        expect(thrown).toMatchObject({ code: 'INTERNAL', message: expect.stringMatching(/^frame: /) });
      }
    }
  }
});
