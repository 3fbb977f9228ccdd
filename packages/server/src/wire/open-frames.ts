import type { LargeBuffers } from './large-buffers.js';
import { frameError } from './layout.js';
import { MAX_OPEN_FRAMES } from './piece-queue.js';

/** A frame that arrives in more than one chunk, and how much of it is here. */
export interface Arriving {
  readonly bytes: Buffer;
  filled: number;
}

/**
 * Frames of which some pieces have come, each in one buffer of its exact size. At most MAX_OPEN_FRAMES, of at most
 * `maxBytes` together: what is above was never sent by an outbox of this version and these limits.
 */
export class OpenFrames {
  readonly #maxBytes: number;
  readonly #memory: LargeBuffers;
  readonly #frames = new Map<number, Arriving>();
  #bytes = 0;

  constructor(maxBytes: number, memory: LargeBuffers) {
    this.#maxBytes = maxBytes;
    this.#memory = memory;
  }

  get size(): number {
    return this.#frames.size;
  }

  /** @throws JitneyError INTERNAL above the limits, or when `stream` is open. */
  open(stream: number, byteLength: number): void {
    if (this.#frames.has(stream)) throw frameError(`stream ${stream} is open already`);
    if (this.#frames.size >= MAX_OPEN_FRAMES) throw frameError(`more than ${MAX_OPEN_FRAMES} frames in pieces`);
    const bytes = this.#bytes + byteLength;
    if (bytes > this.#maxBytes) {
      throw frameError(`frames in pieces of ${bytes} bytes are above the limit of ${this.#maxBytes}`);
    }
    this.#frames.set(stream, { bytes: this.#memory.take(byteLength), filled: 0 });
    this.#bytes = bytes;
  }

  /**
   * The frame that the next `byteLength` bytes of `stream` belong to.
   * @throws JitneyError INTERNAL when the stream is not open, or has no room for them.
   */
  piece(stream: number, byteLength: number): Arriving {
    const frame = this.#frames.get(stream);
    if (frame === undefined) throw frameError(`stream ${stream} is not open`);
    const missing = frame.bytes.length - frame.filled;
    if (byteLength < 1 || byteLength > missing) {
      throw frameError(`a piece of ${byteLength} bytes, where ${missing} are missing`);
    }
    return frame;
  }

  /** Lets go of a frame that is complete. */
  end(stream: number): void {
    this.#bytes -= this.#frames.get(stream)?.bytes.length ?? 0;
    this.#frames.delete(stream);
  }
}
