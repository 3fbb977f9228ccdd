import { connect, type Socket } from 'node:net';
import { ResponseParser } from './response-parser.js';

/** How long to wait before connecting again where nobody listens. */
const RECONNECT_MS = 5;

export interface ConnectionOptions {
  readonly port: number;
  /** The request to send next. */
  readonly next: () => Uint8Array;
  /** @param tookUs From the request's write to the response's last byte. */
  readonly onAnswer: (status: number, tookUs: number) => void;
  /** A request was lost with its connection; the next one goes over a new one. */
  readonly onLoss: (reason: string) => void;
}

/** A keep-alive connection with one request under way at any time, from `start` to `stop`. */
export class Connection {
  readonly #options: ConnectionOptions;
  #socket: Socket | null = null;
  #sentAtMs: number | null = null;
  #onStopped: (() => void) | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  start(): void {
    const socket = connect({ port: this.#options.port, host: '127.0.0.1', noDelay: true }, () => this.#send(socket));
    this.#socket = socket;
    const parser = new ResponseParser({ onResponse: ({ status, closes }) => this.#answered(socket, status, closes) });
    let reason = 'the connection ended before the answer';
    socket.on('data', (chunk) => {
      try {
        parser.push(chunk);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = error.code ?? error.message;
    });
    socket.on('close', () => this.#closed(reason));
  }

  /** Resolves once the request under way is answered or lost. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#onStopped = resolve;
      if (this.#sentAtMs === null) this.#end();
    });
  }

  #send(socket: Socket): void {
    this.#sentAtMs = performance.now();
    socket.write(this.#options.next());
  }

  #answered(socket: Socket, status: number, closes: boolean): void {
    const sentAtMs = this.#sentAtMs;
    if (sentAtMs === null) {
      this.#options.onLoss('an answer that nobody asked for');
      return void socket.destroy();
    }
    this.#sentAtMs = null;
    this.#options.onAnswer(status, Math.round((performance.now() - sentAtMs) * 1_000));
    if (this.#onStopped !== null) this.#end();
    else if (closes) socket.destroy();
    else this.#send(socket);
  }

  #closed(reason: string): void {
    if (this.#sentAtMs !== null) this.#options.onLoss(reason);
    this.#sentAtMs = null;
    this.#socket = null;
    if (this.#onStopped !== null) this.#end();
    else if (reason === 'ECONNREFUSED') setTimeout(() => this.#reconnect(), RECONNECT_MS);
    else this.start();
  }

  #reconnect(): void {
    if (this.#onStopped === null) this.start();
  }

  #end(): void {
    this.#socket?.destroy();
    this.#onStopped?.();
  }
}
