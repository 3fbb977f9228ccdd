import { Agent } from 'node:http';
import { call, type HttpAnswer } from './load.js';

/** Idle connections go soon, so that a test that counts them need not wait. */
const agent = new Agent({ keepAlive: true, timeout: 500 });

/** An answer whose body is text. */
export interface TextAnswer extends HttpAnswer {
  readonly text: string;
}

/** POST of a JSON body: an object, or the text itself where it is no JSON that JavaScript can write. */
export async function post(
  port: number,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string | number>> = { 'content-type': 'application/json' },
): Promise<TextAnswer> {
  const sent = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return withText(await call(port, { path, body: sent, headers, agent }));
}

/** GET, or another method without a body. */
export async function get(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<TextAnswer> {
  return withText(await call(port, { path, method, headers, agent }));
}

function withText(answer: HttpAnswer): TextAnswer {
  return { ...answer, text: answer.body.toString('utf8') };
}

/** `POST /v2/models/{model}/infer` with a JSON body. */
export function infer(port: number, model: string, body: unknown): Promise<TextAnswer> {
  return post(port, `/v2/models/${model}/infer`, body);
}

/** `POST /v2/models/{model}/infer` with a JSON part and raw tensors behind it. */
export function inferBinary(port: number, model: string, json: unknown, ...blobs: readonly Uint8Array[]) {
  const head = Buffer.from(JSON.stringify(json));
  return call(port, {
    path: `/v2/models/${model}/infer`,
    headers: { 'inference-header-content-length': head.byteLength, 'content-type': 'application/octet-stream' },
    body: Buffer.concat([head, ...blobs]),
  });
}

/** The two parts of a binary answer. */
export function splitBinary({ headers, body }: HttpAnswer): { readonly json: unknown; readonly blob: Buffer } {
  const length = Number(headers['inference-header-content-length']);
  return { json: JSON.parse(body.subarray(0, length).toString('utf8')), blob: body.subarray(length) };
}
