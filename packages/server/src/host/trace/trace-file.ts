import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import type { TraceHeader, TraceLine } from './trace-lines.js';

/** Written at once; shorter text waits for more, or for a second. */
const CHUNK_CHARACTERS = 64 * 1024;
const FLUSH_MS = 1_000;

export interface TraceFileOptions {
  readonly path: string;
  readonly header: TraceHeader;
  /** Told once, where the trace ends before the lane does, and why. */
  readonly onStopped: (reason: string) => void;
  /** Most bytes that may wait for the disk. */
  readonly maxBehindBytes?: number;
  /** Largest file. */
  readonly maxBytes?: number;
}

/**
 * A trace on its way to the disk. With a line missing it would replay to something else, so it has all lines or ends:
 * where the disk is too slow, or the file as large as it may be, its last line says so. A process that is killed loses
 * what it had not yet written, a second's lines at most.
 */
export class TraceFile {
  readonly #options: TraceFileOptions;
  readonly #stream: WriteStream;
  readonly #maxBehindBytes: number;
  readonly #maxBytes: number;
  #text = '';
  #bytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;
  #isClosed = false;

  /** @throws Error when the folder cannot be made. */
  constructor(options: TraceFileOptions) {
    const { path, header, maxBehindBytes = 32 * 2 ** 20, maxBytes = 2 ** 30 } = options;
    this.#options = options;
    this.#maxBehindBytes = maxBehindBytes;
    this.#maxBytes = maxBytes;
    mkdirSync(dirname(path), { recursive: true });
    this.#stream = createWriteStream(path);
    this.#stream.on('error', (error) => this.#stop(error.message));
    this.#append(header);
  }

  add(line: TraceLine): void {
    if (this.#isStopped || this.#isClosed) return;
    this.#append(line);
    if (this.#text.length >= CHUNK_CHARACTERS) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
  }

  /** Resolves once all of it is on the disk, or cannot be. */
  close(): Promise<void> {
    if (!this.#isStopped && !this.#isClosed) this.#flush();
    this.#isClosed = true;
    return new Promise((resolve) => {
      if (this.#stream.closed) resolve();
      else this.#stream.once('close', resolve).end();
    });
  }

  #append(line: TraceHeader | TraceLine): void {
    this.#text += `${JSON.stringify(line)}\n`;
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const text = this.#text;
    this.#text = '';
    this.#bytes += Buffer.byteLength(text);
    this.#stream.write(text);
    if (this.#stream.writableLength > this.#maxBehindBytes) {
      this.#stop(`the disk is more than ${this.#maxBehindBytes} bytes behind`);
    } else if (this.#bytes > this.#maxBytes) {
      this.#stop(`the file has more than ${this.#maxBytes} bytes`);
    }
  }

  #stop(reason: string): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const line: TraceLine = ['stopped', reason];
    if (this.#stream.writable) this.#stream.end(`${JSON.stringify(line)}\n`);
    this.#options.onStopped(reason);
  }
}
