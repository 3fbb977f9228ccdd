import { describe, expect, it } from 'vitest';
import { type Frame, PIECE_BYTES } from './frames.js';
import { Inbox } from './inbox.js';
import { Outbox } from './outbox.js';
import { MAX_OPEN_FRAMES } from './piece-queue.js';

const MAX_BYTES = 16 * 1024 * 1024;

/** A piece of a stream with `byteLength` bytes of content: its frame is a little larger. */
function large(id: number, byteLength = 4 * PIECE_BYTES, last = false): Frame {
  return { type: 'piece', id, last, body: { kind: 'content', contentType: '', bytes: new Uint8Array(byteLength) } };
}

interface Receiver {
  readonly outbox: Outbox;
  /** What arrived, in order: type and id. */
  readonly arrived: string[];
  takeSmall(): void;
  /** The piece's stream, or `null` when there was none. */
  takePiece(): number | null;
  takeAllPieces(): number[];
}

function connected(maxFrameBytes = MAX_BYTES): Receiver {
  const outbox = new Outbox(maxFrameBytes);
  const arrived: string[] = [];
  const inbox = new Inbox(maxFrameBytes, (frame) =>
    arrived.push('id' in frame ? `${frame.type} ${frame.id}` : frame.type),
  );
  const takePiece = () => {
    const piece = outbox.takePiece();
    if (piece === null) return null;
    const bytes = Buffer.concat(piece.parts);
    expect(bytes.length).toBeLessThanOrEqual(PIECE_BYTES + 16);
    inbox.push(bytes);
    return bytes.readUInt16LE(6);
  };
  const takeAllPieces = () => {
    const streams: number[] = [];
    for (let stream = takePiece(); stream !== null; stream = takePiece()) streams.push(stream);
    return streams;
  };
  return {
    outbox,
    arrived,
    takePiece,
    takeAllPieces,
    takeSmall: () => inbox.push(Buffer.from(outbox.takeSmall().written())),
  };
}

describe('a small frame behind a large one', () => {
  it('overtakes it between two pieces', () => {
    const { outbox, arrived, takePiece, takeSmall, takeAllPieces } = connected();
    outbox.add(large(1, 10 * 1024 * 1024));
    takePiece();
    outbox.add({ type: 'cancel', id: 2 });
    takeSmall();
    expect(arrived).toEqual(['cancel 2']);
    expect(takeAllPieces()).toHaveLength(160);
    expect(arrived).toEqual(['cancel 2', 'piece 1']);
  });

  it('stays behind it when it is about the same request', () => {
    const { outbox, arrived, takePiece, takeSmall, takeAllPieces } = connected();
    outbox.add(large(1));
    takePiece();
    outbox.add({ type: 'cancel', id: 1 });
    takeSmall();
    takeAllPieces();
    expect(arrived).toEqual(['piece 1', 'cancel 1']);
  });
});

describe('several large frames', () => {
  it('send their pieces in turns', () => {
    const { outbox, arrived, takeAllPieces } = connected();
    outbox.add(large(1));
    outbox.add(large(2, PIECE_BYTES));
    expect(takeAllPieces()).toEqual([1, 2, 1, 2, 1, 1, 1]);
    expect(arrived).toEqual(['piece 2', 'piece 1']);
  });

  it('keep their order when they are about one request, and let others pass', () => {
    const { outbox, arrived, takeAllPieces } = connected();
    outbox.add(large(1));
    outbox.add(large(1, PIECE_BYTES / 2, true));
    outbox.add(large(2, PIECE_BYTES / 2));
    takeAllPieces();
    expect(arrived).toEqual(['piece 2', 'piece 1', 'piece 1']);
  });

  it('are begun only as many at a time as the other side takes', () => {
    const { outbox, arrived, takeAllPieces } = connected();
    for (let id = 0; id < 3 * MAX_OPEN_FRAMES; id++) outbox.add(large(id, PIECE_BYTES));
    const streams = takeAllPieces();
    expect(new Set(streams.slice(0, MAX_OPEN_FRAMES + 1)).size).toBe(MAX_OPEN_FRAMES);
    expect(arrived).toHaveLength(3 * MAX_OPEN_FRAMES);
  });

  it('are begun only while their bytes together stay in the limit', () => {
    const { outbox, arrived, takeAllPieces } = connected(5 * PIECE_BYTES);
    for (let id = 0; id < 4; id++) outbox.add(large(id, 2 * PIECE_BYTES));
    takeAllPieces();
    expect(arrived).toEqual(['piece 0', 'piece 1', 'piece 2', 'piece 3']);
  });

  it('go on after the number of their stream came around', () => {
    const { outbox, arrived, takePiece, takeAllPieces } = connected();
    outbox.add(large(1));
    expect(takePiece()).toBe(1);
    for (let i = 0; i < 0xffff; i++) {
      outbox.add(large(2, PIECE_BYTES / 2));
      while (outbox.largeBytes > 4 * PIECE_BYTES) takePiece();
    }
    takeAllPieces();
    expect(arrived).toHaveLength(0xffff + 1);
  });
});

describe('a large tensor', () => {
  it('leaves as views of its own memory', () => {
    const outbox = new Outbox(MAX_BYTES);
    const data = new Float32Array(2 * PIECE_BYTES);
    const tensors = [{ name: 'x', dtype: 'FP32' as const, shape: [data.length], data }];
    outbox.add({ type: 'piece', id: 1, last: true, body: { kind: 'tensors', tensors } });
    let viewed = 0;
    for (let piece = outbox.takePiece(); piece !== null; piece = outbox.takePiece()) {
      for (const part of piece.parts) if (part.buffer === data.buffer) viewed += part.length;
    }
    expect(viewed).toBe(data.byteLength);
  });
});

describe('a frame that cannot be sent', () => {
  it('is refused above the limit, whether small or large', () => {
    const outbox = new Outbox(1000);
    const refusal = expect.objectContaining({
      code: 'TOO_LARGE',
      message: expect.stringContaining('above the limit of 1000'),
    });
    expect(() => outbox.add(large(1, 2000))).toThrow(refusal);
    expect(() => outbox.add(large(1, PIECE_BYTES))).toThrow(refusal);
    expect(outbox.smallBytes + outbox.largeBytes).toBe(0);
  });

  it('leaves those before and behind it alone', () => {
    const { outbox, arrived, takeSmall } = connected();
    outbox.add({ type: 'cancel', id: 1 });
    expect(() => outbox.add({ type: 'credit', id: 2, pieces: -1 })).toThrow(
      'expected an unsigned 32-bit integer, got -1',
    );
    outbox.add({ type: 'cancel', id: 3 });
    takeSmall();
    expect(arrived).toEqual(['cancel 1', 'cancel 3']);
  });
});

describe('a frame whose fields alone are large', () => {
  it('is sent in pieces too', () => {
    const { outbox, arrived, takeAllPieces } = connected();
    outbox.add({ type: 'started', ids: Array.from({ length: 10_000 }, (_, i) => i) });
    expect(outbox.smallBytes).toBe(0);
    takeAllPieces();
    expect(arrived).toEqual(['started']);
  });
});

describe('the buffer of small frames', () => {
  it('is used again once it was given back', () => {
    const outbox = new Outbox(MAX_BYTES);
    const first = outbox.takeSmall();
    outbox.reuse(first);
    outbox.takeSmall();
    outbox.add({ type: 'drain' });
    expect(outbox.takeSmall()).toBe(first);
  });

  it('is left alone when a burst made it large', () => {
    const outbox = new Outbox(MAX_BYTES);
    for (let i = 0; i < 10; i++) outbox.add(large(i, PIECE_BYTES / 2 - 1));
    const burst = outbox.takeSmall();
    outbox.reuse(burst);
    outbox.takeSmall();
    expect(outbox.takeSmall()).not.toBe(burst);
  });
});
