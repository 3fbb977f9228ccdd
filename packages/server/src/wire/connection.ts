import { connect, type OnReadOpts, type Socket } from 'node:net';
import { JitneyError } from '@jitney/core';
import { takeOver } from './accepted-socket.js';
import { type Frame, type HelloFrame, PIECE_BYTES, WIRE_VERSION } from './frames.js';
import { Inbox } from './inbox.js';
import { LargeBuffers } from './large-buffers.js';
import { readLastWords } from './last-words.js';
import { frameError, MAX_FRAME_BYTES } from './layout.js';
import { Outbox } from './outbox.js';

/** Every frame but `hello`, which the connection says and hears itself. */
export type Message = Exclude<Frame, HelloFrame>;

export interface ConnectionOptions {
  /** Who speaks, for the other side's log: `gateway 1`, `host fraud@1`. */
  readonly name: string;
  /**
   * Called for each frame, in order. Its tensors and content are views of memory that belongs to the frame alone or to
   * frames that came with it: free to keep, not to write. What is done with it may give it back to `memory`.
   */
  readonly onFrame: (frame: Message) => void;
  /** Called once when nothing comes any more; `error` is missing where the other side ended it between two frames. */
  readonly onClose: (error?: JitneyError) => void;
  /** Called when `send` may be used again after it answered false. */
  readonly onDrain?: () => void;
  /** Largest frame sent or taken, equal on both sides. */
  readonly maxFrameBytes: number;
  /** Where large frames are read into. Default: this connection's own. */
  readonly memory?: LargeBuffers;
}

/** Frames in both directions over a Unix socket or a named pipe. */
export interface Connection {
  /**
   * Sends `frame` with the others of this turn of the event loop. Frames of one `id` arrive in order; a small frame
   * overtakes the large ones of others. A body of 32 KiB or more is not copied: it must stay unchanged until it was
   * written, which `onWritten` tells; of smaller ones it tells at once.
   *
   * False: more than enough is waiting, so wait for `onDrain` if you can; or the connection has ended.
   *
   * @throws JitneyError TOO_LARGE above `maxFrameBytes`, INTERNAL when the frame is out of bounds; the connection goes
   * on without it.
   */
  send(frame: Message, onWritten?: (() => void) | null): boolean;
  /**
   * Writes the small frames sent so far, at once. True when the system took all of them, so that they arrive even if
   * this process ends now; false when it is behind with what was written before.
   */
  flush(): boolean;
  /** Writes what was sent, then ends. What the other side still sends may be lost. */
  close(): void;
  /** Ends at once; `onClose` gets `error`. */
  destroy(error?: JitneyError): void;
  /** Bytes sent that the system has not taken. */
  readonly bufferedBytes: number;
  /** What the other side calls itself; empty until its hello. */
  readonly peerName: string;
}

/** Bytes of large frames that may be ahead of a small one in the socket's own queue. */
const WINDOW_BYTES = 4 * PIECE_BYTES;

/** From here on `send` answers false. */
const HIGH_WATER_BYTES = 1024 * 1024;

/**
 * Speaks over `socket` as it is; from now on it belongs to the connection. Tests have it for sockets of any kind.
 * @public
 */
export function createConnection(socket: Socket, options: ConnectionOptions): Connection {
  return started(new SocketConnection(options, () => socket));
}

/**
 * Speaks over a socket that a server hands on in its `connection` event. Large frames are read straight into their memory:
 * a new piece of memory for each read costs its making, a copy, and counts towards the next garbage collection.
 */
export function accept(accepted: Socket, options: ConnectionOptions): Connection {
  return started(new SocketConnection(options, (onread) => takeOver(accepted, onread)));
}

/**
 * Connects to `path` and speaks over that, reading as {@link accept} does.
 *
 * @param onConnected - the other side is there
 */
export function dial(path: string, options: ConnectionOptions, onConnected: () => void): Connection {
  return started(new SocketConnection(options, (onread) => connect({ path, onread }, onConnected)));
}

function started(connection: SocketConnection): Connection {
  connection.start();
  return connection;
}

class SocketConnection implements Connection {
  peerName = '';
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #hasPeerGreeted = false;
  #isScheduled = false;
  #isDrainAwaited = false;
  #failure: JitneyError | undefined;

  /** @param open - makes the socket, which may read as it is told */
  constructor(options: ConnectionOptions, open: (onread: OnReadOpts) => Socket) {
    this.#options = options;
    const maxFrameBytes = Math.min(options.maxFrameBytes, MAX_FRAME_BYTES);
    this.#outbox = new Outbox(maxFrameBytes);
    this.#inbox = new Inbox(maxFrameBytes, (frame) => this.#receive(frame), options.memory ?? new LargeBuffers());
    this.#socket = open({ buffer: () => this.#inbox.room(), callback: (count) => this.#received(count) });
  }

  start(): void {
    const socket = this.#socket;
    readLastWords(socket);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => this.#schedule());
    socket.on('error', (error) => this.#fail(error));
    socket.on('end', () => this.#checkEnd());
    socket.on('close', () => this.#end());
    this.#outbox.add({ type: 'hello', version: WIRE_VERSION, name: this.#options.name });
    this.#schedule();
  }

  get bufferedBytes(): number {
    return this.#outbox.smallBytes + this.#outbox.largeBytes + this.#socket.writableLength;
  }

  send(frame: Message, onWritten: (() => void) | null = null): boolean {
    if (this.#state !== 'open') {
      onWritten?.();
      return false;
    }
    this.#outbox.add(frame, onWritten);
    // A turn in which much is sent gives the other side its first part to work on.
    if (this.#outbox.smallBytes >= PIECE_BYTES && !this.#socket.writableNeedDrain) this.#writeSmall();
    this.#schedule();
    if (this.bufferedBytes < HIGH_WATER_BYTES) return true;
    this.#isDrainAwaited = true;
    return false;
  }

  flush(): boolean {
    this.#writeSmall();
    return this.#socket.writableLength === 0;
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#schedule();
  }

  destroy(error?: JitneyError): void {
    if (this.#state === 'closed') return;
    this.#failure ??= error;
    this.#state = 'closing';
    this.#inbox.stop();
    this.#socket.destroy();
  }

  /**
   * What is sent during one turn of the loop leaves in one system call. With 128 clients on a gateway that took 28 µs
   * of CPU a request in it and 2 in the host; a write for each callback (queueMicrotask) took 33 and 9.
   */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#write();
    });
  }

  #write(): void {
    const socket = this.#socket;
    // While the system takes nothing, frames gather in the outbox: there, small ones still overtake large ones.
    if (!socket.writable || socket.writableNeedDrain) return;
    this.#writeSmall();
    this.#writePieces();
    if (this.#outbox.largeBytes > 0) {
      if (!socket.writableNeedDrain) this.#schedule();
    } else if (this.#state === 'closing') {
      socket.end();
    }
    this.#announceDrain();
  }

  #writeSmall(): void {
    const socket = this.#socket;
    if (this.#outbox.smallBytes === 0 || !socket.writable) return;
    const taken = this.#outbox.takeSmall();
    socket.write(taken.written());
    // Most writes are taken by the system at once; then nobody reads the buffer any more.
    if (socket.writableLength === 0) this.#outbox.reuse(taken);
  }

  #writePieces(): void {
    if (this.#outbox.largeBytes === 0) return;
    const socket = this.#socket;
    socket.cork();
    for (let room = WINDOW_BYTES - socket.writableLength; room > 0; room = WINDOW_BYTES - socket.writableLength) {
      const piece = this.#outbox.takePiece(room);
      if (piece === null) break;
      const { parts, onWritten } = piece;
      for (let i = 0; i < parts.length - 1; i++) socket.write(parts[i] as Uint8Array);
      const last = parts.at(-1) as Uint8Array;
      if (onWritten === null) socket.write(last);
      else socket.write(last, () => onWritten());
    }
    socket.uncork();
  }

  #announceDrain(): void {
    if (!this.#isDrainAwaited || this.#state !== 'open' || this.bufferedBytes >= HIGH_WATER_BYTES) return;
    this.#isDrainAwaited = false;
    this.#options.onDrain?.();
  }

  #read(chunk: Buffer): void {
    try {
      this.#inbox.push(chunk);
    } catch (thrown) {
      this.destroy(JitneyError.from(thrown));
    }
  }

  /** Answers that it wants more. */
  #received(count: number): boolean {
    try {
      this.#inbox.received(count);
    } catch (thrown) {
      this.destroy(JitneyError.from(thrown));
    }
    return true;
  }

  #receive(frame: Frame): void {
    if (frame.type !== 'hello') {
      if (!this.#hasPeerGreeted) throw frameError(`expected a hello first, got "${frame.type}"`);
      return this.#options.onFrame(frame);
    }
    if (this.#hasPeerGreeted) throw frameError('a second hello');
    this.#hasPeerGreeted = true;
    this.peerName = frame.name;
    if (frame.version !== WIRE_VERSION) this.#refuse(frame);
  }

  /** The other side must still hear our hello, so that it refuses too and can say why. */
  #refuse({ name, version }: HelloFrame): void {
    const own = this.#options.name;
    this.#failure ??= frameError(
      `"${own}" speaks version ${WIRE_VERSION} of the wire, "${name}" version ${version}: ` +
        'start both from the same installation of Jitney',
    );
    this.#state = 'closing';
    this.#inbox.stop();
    this.#writeSmall();
    this.#socket.destroySoon();
  }

  #fail(error: Error): void {
    const peer = this.peerName === '' ? 'the other side' : `"${this.peerName}"`;
    const message = `"${this.#options.name}": the connection to ${peer} failed: ${error.message}`;
    this.#failure ??= JitneyError.from(error, 'INTERNAL', message);
  }

  #checkEnd(): void {
    if (this.#state !== 'open') return;
    if (!this.#hasPeerGreeted) this.#failure ??= frameError('the other side left before its hello');
    else if (!this.#inbox.isBetweenFrames) this.#failure ??= frameError('the other side left in the middle of a frame');
  }

  #end(): void {
    this.#state = 'closed';
    this.#inbox.stop();
    this.#options.onClose(this.#failure);
  }
}
