import { sendOnce } from './send-once.js';

const LIMIT_MS = 20_000;

/**
 * Sends a request over new connections, one after the other, as long as it is answered with 503 or its connection ends.
 * @returns How often that was, before it was answered with 200.
 * @throws Error at any other answer, and after 20 s.
 */
export async function sendUntilAnswered(port: number, request: Uint8Array): Promise<number> {
  const startedAtMs = performance.now();
  for (let refusals = 0; ; refusals++) {
    const answer = await sendOnce(port, request).then(
      ({ status, body }) => ({ status, text: `${status} ${body.toString().slice(0, 200)}` }),
      (error: Error) => ({ status: null, text: error.message }),
    );
    if (answer.status === 200) return refusals;
    const isLate = performance.now() - startedAtMs > LIMIT_MS;
    if (isLate || (answer.status !== null && answer.status !== 503))
      throw new Error(`the server answered ${answer.text}`);
  }
}
