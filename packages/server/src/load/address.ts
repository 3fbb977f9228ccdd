import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';

/** Where requests go. */
export interface Address {
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** TLS, whose certificates are checked. Default false. */
  readonly isSecure?: boolean;
}

/** @param onOpen Called once what is written can leave at once. */
export function openSocket({ port, host = '127.0.0.1', isSecure = false }: Address, onOpen: () => void): Socket {
  if (!isSecure) return connect({ port, host, noDelay: true }, onOpen);
  const socket = connectSecurely({ port, host, servername: host }, onOpen);
  return socket.setNoDelay(true);
}
