import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of a server, for ending it without waiting for those that ask nothing. */
export class Connections {
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  /** Closes those on which no request is under way. Node's own list takes one that never sent a byte for busy. */
  closeQuiet(): void {
    this.#server.closeIdleConnections();
    for (const socket of this.#open) if (socket.bytesRead === 0) socket.destroy();
  }
}
