import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';

/** Most bytes that wait for a reader of stderr that does not keep up. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** How soon a full pipe is tried again. */
const RETRY_MS = 20;
/** How long the end of the process waits for a reader, at most. */
const EXIT_FLUSH_MS = 500;

/** A destination of log lines that never waits for its reader. */
export interface LineWriter {
  /** Writes a line at once where the reader keeps up, else keeps it; loses it where too much is kept already. */
  write(line: string): void;
  /** Writes what is kept, waiting for the reader up to `waitMs`. */
  flushSync(waitMs?: number): void;
  /** Flushes, then stops. */
  close(): void;
}

/**
 * Opens the process's stderr for log lines.
 *
 * Each line is written before `write` returns, so that what a host logged before a native crash is there. A reader that
 * stalls (a terminal on hold, a log driver that hangs) fills the pipe; from then on up to 1 MiB is kept and written
 * later, and more than that is counted and lost.
 *
 * @param describeLoss The line that tells how many were lost; written once the reader is back.
 * @param fd A file descriptor to write to instead.
 */
export function openStderr(describeLoss: (lines: number) => string, fd = 2): LineWriter {
  const writer = new NonBlockingWriter(openWithoutBlocking(fd), describeLoss);
  const flush = () => writer.flushSync(EXIT_FLUSH_MS);
  process.once('exit', flush);
  return {
    write: (line) => writer.write(line),
    flushSync: (waitMs = EXIT_FLUSH_MS) => writer.flushSync(waitMs),
    close: () => {
      process.off('exit', flush);
      writer.close();
    },
  };
}

interface Target {
  readonly fd: number;
  /** Whether closing it is ours to do. */
  readonly own: boolean;
}

/**
 * The same file, in a mode where a full pipe is an error (EAGAIN) and not a wait.
 *
 * Opening it again through /proc sets the mode on a description of our own. Sockets, and systems without /proc, cannot
 * be opened again: there libuv sets the mode when Node makes `process.stderr`, on the description that is shared with
 * whoever inherited it.
 */
function openWithoutBlocking(fd: number): Target {
  // A regular file never makes anybody wait. Opened again it would have an end of its own, where others write over it.
  if (fstatSync(fd).isFile()) return { fd, own: false };
  try {
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK;
    return { fd: openSync(`/proc/self/fd/${fd}`, flags), own: true };
  } catch {
    void process.stderr;
    return { fd, own: false };
  }
}

class NonBlockingWriter {
  readonly #target: Target;
  readonly #describeLoss: (lines: number) => string;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #lostLines = 0;
  #retry: NodeJS.Timeout | null = null;

  constructor(target: Target, describeLoss: (lines: number) => string) {
    this.#target = target;
    this.#describeLoss = describeLoss;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) {
      this.#lostLines += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#retry === null && !this.#drain()) this.#tryLater();
  }

  flushSync(waitMs: number): void {
    const until = performance.now() + waitMs;
    while (!this.#drain() && performance.now() < until) sleepSync(1);
  }

  close(): void {
    this.flushSync(EXIT_FLUSH_MS);
    if (this.#retry !== null) clearTimeout(this.#retry);
    if (this.#target.own) closeSync(this.#target.fd);
  }

  /** Writes what waits. False when the reader has to catch up first. */
  #drain(): boolean {
    while (this.#waiting.length > 0) {
      if (!this.#writeFirst()) return false;
      if (this.#waiting.length === 0) this.#reportLoss();
    }
    return true;
  }

  #writeFirst(): boolean {
    const line = this.#waiting[0]!;
    const written = tryWrite(this.#target.fd, line);
    this.#waitingBytes -= written;
    if (written < line.length) {
      this.#waiting[0] = line.subarray(written);
      return false;
    }
    this.#waiting.shift();
    return true;
  }

  #reportLoss(): void {
    if (this.#lostLines === 0) return;
    const report = Buffer.from(this.#describeLoss(this.#lostLines));
    this.#lostLines = 0;
    this.#waiting.push(report);
    this.#waitingBytes += report.length;
  }

  #tryLater(): void {
    this.#retry = setTimeout(() => {
      this.#retry = null;
      if (!this.#drain()) this.#tryLater();
    }, RETRY_MS);
    this.#retry.unref();
  }
}

/** Bytes that were taken; all of them where nobody can ever read them (the reader is gone, the disk is full). */
function tryWrite(fd: number, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : bytes.length;
  }
}

const never = new Int32Array(new SharedArrayBuffer(4));

function sleepSync(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}
