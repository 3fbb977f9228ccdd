import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '@jitney/core';
import { requestTimeout } from '../client-errors.js';
import { PlainConnection, type PlainConnectionOptions } from './connection.js';
import { HttpDate } from './response-text.js';

export interface PlainConnectionsOptions
  extends Pick<PlainConnectionOptions, 'maxHeaderBytes' | 'keepAliveTimeoutMs' | 'welcome' | 'serve' | 'handOver'> {
  readonly clock: Clock;
  /** How long a client may take until it sends something, and until all of a request has come. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly checkEveryMs: number;
  /** A client has sent nothing since it connected. */
  readonly onSilent: (socket: Socket) => void;
}

/**
 * Takes the requests to models on the connections of `server`, for as long as they are plain; everything else goes to the
 * server itself.
 */
export function takePlainRequests(
  server: Server,
  options: Omit<PlainConnectionsOptions, 'handOver'>,
): PlainConnections {
  const listeners = server.listeners('connection') as ((socket: Socket) => void)[];
  const connections = new PlainConnections({
    ...options,
    handOver(socket, unread) {
      socket.unshift(unread);
      for (const listener of listeners) listener.call(server, socket);
    },
  });
  server.removeAllListeners('connection');
  server.on('connection', (socket) => connections.take(socket));
  server.on('close', () => connections.close());
  return connections;
}

/** The connections whose requests have all been plain. */
export class PlainConnections {
  readonly #options: PlainConnectionsOptions;
  readonly #open = new Map<Socket, PlainConnection>();
  readonly #shared: PlainConnectionOptions;
  readonly #checks: NodeJS.Timeout;

  constructor(options: PlainConnectionsOptions) {
    this.#options = options;
    this.#shared = {
      ...options,
      now: options.clock.now,
      date: new HttpDate(),
      onClose: ({ socket }) => this.#open.delete(socket),
    };
    this.#checks = setInterval(this.#check, options.checkEveryMs).unref();
  }

  take(socket: Socket): void {
    this.#open.set(socket, new PlainConnection(socket, this.#shared));
  }

  /** `null`: the connection is none of these. */
  get(socket: Socket): PlainConnection | null {
    return this.#open.get(socket) ?? null;
  }

  /** Looks at no connection any more. */
  close(): void {
    clearInterval(this.#checks);
  }

  /** Ends those whose clients are too slow. */
  readonly #check = (): void => {
    const { clock, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs, onSilent } = this.#options;
    const now = clock.now();
    for (const connection of this.#open.values()) {
      const forMs = now - connection.sinceMs;
      const { state, socket } = connection;
      if (state === 'new' && forMs > headersTimeoutMs) onSilent(socket);
      else if (state === 'idle' && forMs > keepAliveTimeoutMs) socket.destroySoon();
      else if (state === 'reading' && forMs > requestTimeoutMs) connection.failBody(requestTimeout(this.#options));
      else if (state === 'dropping' && forMs > requestTimeoutMs) socket.destroy();
    }
  };
}
