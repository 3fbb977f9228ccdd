import { type Address, openSocket } from './address.js';
import { type Response, ResponseParser } from './response-parser.js';

const LIMIT_MS = 60_000;

/**
 * Sends a request over a connection of its own and answers the response, body included.
 * @param to A port of this machine, or any address.
 * @throws Error of the socket; where the connection ends before the answer, or is silent for a minute.
 */
export function sendOnce(to: number | Address, request: Uint8Array): Promise<Response> {
  return new Promise((resolve, reject) => {
    const socket = openSocket(typeof to === 'number' ? { port: to } : to, () => socket.write(request));
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
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error(`no answer for ${LIMIT_MS / 1_000} s`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection ended before the answer')));
  });
}
