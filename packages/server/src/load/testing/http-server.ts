import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that is listened to on a free port of this machine. */
export interface TestServer {
  readonly server: Server;
  readonly port: number;
  /** Ends it, and the connections it has. */
  close(): void;
}

export async function serveHttp(listener: RequestListener): Promise<TestServer> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { server, port: (server.address() as AddressInfo).port, close };
}
