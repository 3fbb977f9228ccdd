import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { JitneyError } from '@jitney/core';

/**
 * A bound TCP address that the supervisor holds for as long as it lives and that gateways accept on. While no gateway
 * lives, connections wait in the kernel's backlog instead of being refused.
 *
 * A `net.Server` would accept in the supervisor itself, so the handle is made as node:cluster makes its shared ones:
 * with `net._createServerHandle`, unchanged since Node 0.6 and the same in 20, 22 and 24.
 */
export interface ListeningHandle {
  /** Sent to a gateway as the handle of a message; `net.Server.listen` takes it there. */
  readonly handle: unknown;
  readonly host: string;
  readonly port: number;
  close(): void;
}

interface BoundHandle {
  getsockname(out: { address?: string; port?: number }): number;
  close(): void;
}

type CreateServerHandle = (
  address: string,
  port: number,
  family: 4 | 6,
  fd: number,
  flags: number,
) => BoundHandle | number;

/** @throws JitneyError `INVALID_CONFIG` that names the address and, for a taken port, the fix. */
export function createListeningHandle(host: string, port: number): ListeningHandle {
  const create = (net as unknown as { _createServerHandle: CreateServerHandle })._createServerHandle;
  const family = net.isIPv6(host) ? 6 : 4;
  const bound = create(host === 'localhost' ? '127.0.0.1' : host, port, family, -1, 0);
  if (typeof bound === 'number') throw bindError(host, port, bound);
  const address: { port?: number } = {};
  // A bind that fails shows here at the latest: libuv keeps its error for the next call.
  const code = bound.getsockname(address);
  if (code !== 0) {
    bound.close();
    throw bindError(host, port, code);
  }
  return { handle: bound, host, port: address.port ?? port, close: () => bound.close() };
}

function bindError(host: string, port: number, code: number): JitneyError {
  const where = `${host}:${port}`;
  const name = getSystemErrorName(code);
  switch (name) {
    case 'EADDRINUSE':
      return invalid(`${where} is taken by another program: choose another with --port N (0 takes a free one)`);
    case 'EACCES':
      return invalid(`${where} may not be used by this user: choose a port above 1023 with --port N`);
    case 'EADDRNOTAVAIL':
      return invalid(`${host} is not an address of this machine: choose another with --host`);
    default:
      return invalid(`cannot listen on ${where}: ${name}`);
  }
}

const invalid = (message: string) => new JitneyError('INVALID_CONFIG', message);
