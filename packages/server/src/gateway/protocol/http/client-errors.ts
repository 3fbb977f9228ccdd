import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { JitneyError } from '@jitney/core';
import type { ServerConfig } from '../../../config/index.js';
import type { Gateway } from '../../gateway.js';
import { errorShapeFor, JSON_TYPE, LINGER_MS } from './answer.js';
import { httpStatus } from './status.js';

/** What Node's parser gives up on before, or while, there is a request. */
interface ClientError extends NodeJS.ErrnoException {
  /** What the parser was reading. */
  readonly rawPacket?: Buffer;
  readonly reason?: string;
}

/** Nothing has come on a connection since it was made. */
export class SilentClientError extends Error {
  readonly code = 'ERR_HTTP_REQUEST_TIMEOUT';
}

/** The answer that a socket is at, as Node's own handler of these errors looks at it. */
interface AnsweringSocket extends Socket {
  readonly _httpMessage?: ServerResponse | null;
}

/** Answers what is no HTTP, is too long in its headers, or comes too slowly, and ends the connection. */
export function createClientErrorHandler(gateway: Gateway): (thrown: Error, socket: Socket) => void {
  return (thrown: ClientError, socket: AnsweringSocket) => {
    // Told again for every piece that still comes, and for the error that the socket is destroyed with.
    if (thrown instanceof JitneyError || socket.writableEnded || socket.destroyed) return;
    if (!socket.writable || thrown.code === 'ECONNRESET') return void socket.destroy();
    const { error, status } = failureOf(thrown, gateway);
    gateway.metrics.failed('', '', error.code);
    const pending = socket._httpMessage;
    // Whoever still waits for an answer on this connection must not take this one for it.
    if (pending && (pending.headersSent || pending.req.complete)) return void socket.destroy();
    const requestId = gateway.nextRequestId();
    const body = errorShapeFor(pathOf(thrown))(error, requestId);
    // Whoever works for that request is told why it ended: see exchange.ts.
    socket.end(head(status, requestId, body) + body, () => pending?.destroy(error));
    setTimeout(() => socket.destroy(error), LINGER_MS).unref();
  };
}

function failureOf({ code = '', reason, message }: ClientError, { limits, server }: Gateway) {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW': {
      const text = `the headers exceed the maximum of ${limits.maxHeaderBytes} bytes: raise it with --set limits.maxHeaderBytes=N`;
      return { error: new JitneyError('TOO_LARGE', text), status: 431 };
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT': {
      const error = requestTimeout(server);
      return { error, status: httpStatus(error.code) };
    }
    default: {
      const error = new JitneyError('INVALID_ARGUMENT', `the request is not valid HTTP/1.1: ${reason ?? message}`);
      return { error, status: httpStatus(error.code) };
    }
  }
}

export function requestTimeout({
  headersTimeoutMs,
  requestTimeoutMs,
}: Pick<ServerConfig, 'headersTimeoutMs' | 'requestTimeoutMs'>): JitneyError {
  return new JitneyError(
    'REQUEST_TIMEOUT',
    `the request did not come in time: its headers may take ${headersTimeoutMs} ms, all of it ${requestTimeoutMs} ms ` +
      '(server.headersTimeoutMs, server.requestTimeoutMs)',
  );
}

/** The path of the request line, where the piece that could not be parsed begins with one. */
function pathOf({ rawPacket }: ClientError): string {
  return rawPacket?.toString('latin1', 0, 1_024).match(/^[A-Z]+ (\/\S*)/)?.[1] ?? '/';
}

function head(status: number, requestId: string, body: string): string {
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `x-request-id: ${requestId}`,
    'x-content-type-options: nosniff',
    `content-type: ${JSON_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '\r\n',
  ].join('\r\n');
}
