import { connect } from 'node:net';
import { type Response, ResponseParser } from './response-parser.js';

/**
 * Sends a request over a connection of its own and answers the response, body included.
 * @throws Error of the socket; where the connection ends before the answer.
 */
export function sendOnce(port: number, request: Uint8Array): Promise<Response> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(request));
    const parser = new ResponseParser({
      keepBodies: true,
      onResponse: (response) => {
        resolve(response);
        socket.destroy();
      },
    });
    socket.on('data', (chunk) => {
      try {
        parser.push(chunk);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection ended before the answer')));
  });
}
