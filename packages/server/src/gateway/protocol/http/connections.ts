import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '@jitney/core';
import type { PlainConnections } from './plain/connections.js';

/** Quiet connections are looked for so often while the last requests are answered. */
const LOOK_MS = 50;
/** Connections that the system had accepted are taken until none came for so long, but not oftener than so. */
const LAST_CALL_MS = 20;
const LAST_CALLS = 25;
const NOT_LOOKED_AT = -1;

/** The connections of a server, for ending it without a reset, and without waiting for those that ask nothing. */
export class Connections {
  readonly #server: Server;
  readonly #plain: PlainConnections;
  readonly #clock: Clock;
  /** Each with the bytes it had sent at the last look. */
  readonly #open = new Map<Socket, number>();
  /** Since the start. */
  #taken = 0;

  constructor(server: Server, plain: PlainConnections, clock: Clock) {
    this.#server = server;
    this.#plain = plain;
    this.#clock = clock;
    server.on('connection', (socket) => {
      this.#taken += 1;
      this.#open.set(socket, NOT_LOOKED_AT);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  /** Takes no new connections and answers what is under way on the others. Resolves once all are closed. */
  async finish(): Promise<void> {
    shrinkQueue(this.#server);
    await this.#untilNobodyComes();
    let isOver = false;
    this.#server.close(() => {
      isOver = true;
    });
    while (!isOver) {
      this.#closeQuiet();
      await this.#wait(LOOK_MS);
    }
  }

  /** Within bounds: who comes again and again is not waited for. */
  async #untilNobodyComes(): Promise<void> {
    let taken = -1;
    for (let looks = 0; looks < LAST_CALLS && taken !== this.#taken; looks++) {
      taken = this.#taken;
      await this.#wait(LAST_CALL_MS);
      // In this part of the loop's turn, all who waited have just been taken.
      await new Promise<void>((resolve) => this.#clock.soon(resolve));
    }
  }

  /**
   * Closes those on which no request is under way: at once where one was answered, else where nothing came since the
   * last look. Node's own list takes a connection that never sent a byte, or half a request's headers, for busy.
   */
  #closeQuiet(): void {
    this.#server.closeIdleConnections();
    for (const [socket, bytesRead] of this.#open) {
      const plain = this.#plain.get(socket);
      if (plain?.isBusy ?? isBusy(socket)) continue;
      if (plain?.state === 'idle') socket.destroySoon();
      else if (socket.bytesRead === bytesRead) socket.destroy();
      else this.#open.set(socket, socket.bytesRead);
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.at(this.#clock.now() + ms, resolve));
  }
}

/**
 * Lets the system accept no more connections than are taken at once: those that wait when a listening socket is closed
 * are reset, with the requests they may hold. With 16 clients that come back as soon as they are answered that took 14
 * of them. Whoever knocks meanwhile knocks again, and is refused then.
 */
function shrinkQueue(server: Server): void {
  // What net.Server calls itself; a second call changes the length of the queue (listen(2)).
  (server as unknown as { _handle: { listen(backlog: number): number } | null })._handle?.listen(0);
}

/** Node keeps the response that a connection waits for on its socket, from the end of the request's headers on. */
function isBusy(socket: Socket & { _httpMessage?: ServerResponse | null }): boolean {
  return (socket._httpMessage ?? null) !== null;
}
