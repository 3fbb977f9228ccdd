import { PIECE_BYTES } from './frames.js';
import { OPEN_HEADER_BYTES, RECORD, RECORD_HEADER_BYTES } from './layout.js';

/** Frames of a connection that may be in pieces at the same time; both ends count them. */
export const MAX_OPEN_FRAMES = 16;

/** A part of a large frame as a record. */
export interface Piece {
  readonly parts: readonly Uint8Array[];
  /** For the last one of a frame: to be told once nobody reads the frame's memory any more. */
  readonly onWritten: (() => void) | null;
}

export interface LargeFrame {
  /** Of the request it is about; `null` when it is about none. */
  readonly id: number | null;
  readonly parts: readonly Uint8Array[];
  readonly byteLength: number;
  /** See {@link Piece}. */
  readonly onWritten: (() => void) | null;
}

/** A frame that leaves in pieces. */
interface Outgoing extends LargeFrame {
  /** Told apart by it on the wire; `null` until its first piece is taken. */
  stream: number | null;
  sentBytes: number;
  /** Where the next piece starts: a part, and an offset in it. */
  part: number;
  offset: number;
}

/**
 * Cuts large frames into records and takes them in turns. At most MAX_OPEN_FRAMES are begun,
 * with at most `maxOpenBytes` in all, since the other side holds their memory; and one frame of an id at a time.
 */
export class PieceQueue {
  /** Bytes that wait to be taken. */
  byteLength = 0;
  readonly #maxOpenBytes: number;
  readonly #waiting: Outgoing[] = [];
  /** Begun, the one whose turn it is first. */
  readonly #open: Outgoing[] = [];
  #openBytes = 0;
  #lastStream = 0;

  constructor(maxOpenBytes: number) {
    this.#maxOpenBytes = maxOpenBytes;
  }

  holds(id: number): boolean {
    return this.#open.some((frame) => frame.id === id) || this.#waiting.some((frame) => frame.id === id);
  }

  add({ id, parts, byteLength, onWritten }: LargeFrame): void {
    this.byteLength += byteLength;
    this.#waiting.push({ id, parts, byteLength, onWritten, stream: null, sentBytes: 0, part: 0, offset: 0 });
  }

  /**
   * The next piece; `null` when nothing waits. A frame that is alone has all of `room`, so that it leaves in few pieces;
   * several have equal parts of it, but no less than PIECE_BYTES.
   */
  take(room: number): Piece | null {
    this.#begin();
    const frame = this.#open.shift();
    if (frame === undefined) return null;
    const parts = this.#cut(frame, Math.max(PIECE_BYTES, Math.floor(room / (this.#open.length + 1))));
    if (frame.sentBytes < frame.byteLength) {
      this.#open.push(frame);
      return { parts, onWritten: null };
    }
    this.#openBytes -= frame.byteLength;
    return { parts, onWritten: frame.onWritten };
  }

  #begin(): void {
    for (let next = this.#nextToBegin(); next >= 0; next = this.#nextToBegin()) {
      const frame = this.#waiting.splice(next, 1)[0] as Outgoing;
      this.#open.push(frame);
      this.#openBytes += frame.byteLength;
    }
  }

  /**
   * Index of the first waiting frame that may begin now, or -1. One whose id is open lets others pass; one that has no
   * room does not, or it would wait for ever.
   */
  #nextToBegin(): number {
    if (this.#open.length >= MAX_OPEN_FRAMES) return -1;
    const next = this.#waiting.findIndex((frame) => !this.#isOpen(frame.id));
    const frame = this.#waiting[next];
    return frame !== undefined && this.#openBytes + frame.byteLength <= this.#maxOpenBytes ? next : -1;
  }

  #isOpen(id: number | null): boolean {
    return id !== null && this.#open.some((frame) => frame.id === id);
  }

  #cut(frame: Outgoing, pieceBytes: number): Uint8Array[] {
    const isFirst = frame.stream === null;
    const payload = Math.min(pieceBytes, frame.byteLength - frame.sentBytes);
    const header = new Uint8Array(RECORD_HEADER_BYTES + (isFirst ? OPEN_HEADER_BYTES : 0));
    const view = new DataView(header.buffer);
    frame.stream ??= this.#nextStream();
    view.setUint32(0, header.length - RECORD_HEADER_BYTES + payload, true);
    view.setUint8(4, isFirst ? RECORD.open : RECORD.more);
    view.setUint16(6, frame.stream, true);
    if (isFirst) view.setUint32(RECORD_HEADER_BYTES, frame.byteLength, true);
    const record = [header, ...this.#advance(frame, payload)];
    const padding = -payload & 7;
    if (padding > 0) record.push(new Uint8Array(padding));
    return record;
  }

  /** The frame's next `count` bytes, as views of its parts. */
  #advance(frame: Outgoing, count: number): Uint8Array[] {
    const views: Uint8Array[] = [];
    let left = count;
    while (left > 0) {
      const part = frame.parts[frame.part] as Uint8Array;
      const taken = Math.min(left, part.length - frame.offset);
      views.push(part.subarray(frame.offset, frame.offset + taken));
      left -= taken;
      frame.offset += taken;
      if (frame.offset === part.length) {
        frame.part += 1;
        frame.offset = 0;
      }
    }
    frame.sentBytes += count;
    this.byteLength -= count;
    return views;
  }

  /** From 1 to 65535 and around: at most MAX_OPEN_FRAMES are open, so none is met twice. */
  #nextStream(): number {
    do this.#lastStream = (this.#lastStream % 0xffff) + 1;
    while (this.#open.some((frame) => frame.stream === this.#lastStream));
    return this.#lastStream;
  }
}
