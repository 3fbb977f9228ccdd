import { isDtype, JitneyError } from '@jitney/core';
import { httpRequest } from '../http-request.js';
import { seededRandom } from '../seeded-random.js';
import { inferBody, type RequestBody } from './infer-body.js';
import { type ShapeWishes, sampleShape } from './sample-shape.js';
import { type SampleTensor, sampleTensor } from './sample-tensor.js';
import { type ServedModel, Server } from './server.js';
import { parseTarget, type Target } from './target.js';

export interface RequestWishes extends ShapeWishes {
  /** Default: the one the URL names, or the only one there is. */
  readonly model: string | null;
  readonly apiKey: string | null;
  /** Sent along as the request's deadline; `null`: none. */
  readonly timeoutMs: number | null;
  readonly isBinary: boolean;
  /** A JSON body to send instead of one that is made up; `null`: none. */
  readonly body: Uint8Array | null;
  readonly seed: number;
}

/** Requests to one model, ready to be sent over and over. */
export interface ModelRequests {
  readonly target: Target;
  readonly model: string;
  readonly path: string;
  /** Several of different values, of one size. */
  readonly requests: readonly Uint8Array[];
  /** For people: `1 row of tensors in JSON`. */
  readonly about: string;
  readonly bodyBytes: number;
}

/** Different requests, so that nothing profits from seeing one twice; fewer of them where they are large. */
const VARIANTS = 16;
const LARGE_BYTES = 2 ** 20;

/**
 * Asks a server about a model, makes up requests that fit its signature (or its example, where its own code takes
 * something else), and has one of them answered.
 * @param url A server's address or a model's.
 * @throws JitneyError that says what cannot be asked, or in the server's words what it refused.
 */
export async function createModelRequests(url: string, wishes: RequestWishes): Promise<ModelRequests> {
  const target = parseTarget(url);
  const server = new Server(target, wishes.apiKey);
  const model = await server.findModel(wishes.model ?? target.model);
  const isPredict = target.route === 'predict' || (target.route === null && model.hasOwnCode);
  const made = isPredict ? predictBodies(model, wishes) : inferBodies(model, wishes);
  const path = pathOf(target, model.name, isPredict);
  const write = ({ headers, body }: RequestBody) =>
    httpRequest({ path, host: target.authority, headers: { ...server.headers, ...headers }, body });
  await tryOut(server, write(made.trial), `${target.url}${path}`);
  const requests = made.bodies.map(write);
  return { target, model: model.name, path, requests, about: made.about, bodyBytes: made.bodies[0]!.body.byteLength };
}

function pathOf({ version }: Target, model: string, isPredict: boolean): string {
  const suffix = version === null ? '' : `/versions/${version}`;
  const name = encodeURIComponent(model);
  return isPredict ? `/predict/${name}${suffix}` : `/v2/models/${name}${suffix}/infer`;
}

interface Bodies {
  readonly bodies: readonly RequestBody[];
  /** The first of them without a deadline: it asks whether such are taken, not how fast. */
  readonly trial: RequestBody;
  readonly about: string;
}

function inferBodies(model: ServedModel, { body, isBinary, timeoutMs, rows, shapes, seed }: RequestWishes): Bodies {
  if (body !== null) return jsonBody(body, timeoutMs, 'the given body');
  refuseUnknown(model, shapes);
  refuseRows(model, rows);
  const random = seededRandom(seed);
  const sample = () => sampleTensors(model, { rows, shapes }, random);
  const hurried = (tensors: readonly SampleTensor[]) => inferBody(tensors, { isBinary, timeoutMs });
  const tensors = sample();
  const first = hurried(tensors);
  const count = first.body.byteLength > LARGE_BYTES ? 2 : VARIANTS;
  const about = `${rows === 1 ? '1 row' : `${rows} rows`} of tensors ${isBinary ? 'in binary' : 'in JSON'}`;
  return {
    bodies: [first, ...Array.from({ length: count - 1 }, () => hurried(sample()))],
    trial: inferBody(tensors, { isBinary, timeoutMs: null }),
    about,
  };
}

function sampleTensors({ name, inputs }: ServedModel, wishes: ShapeWishes, random: () => number): SampleTensor[] {
  return inputs.map((input) => {
    const { datatype } = input;
    if (isDtype(datatype)) return sampleTensor(input.name, datatype, sampleShape(input, wishes), random);
    throw new JitneyError(
      'UNSUPPORTED',
      `input '${input.name}' of model '${name}' is of ${datatype}: give --body FILE`,
    );
  });
}

function refuseUnknown({ name, inputs }: ServedModel, shapes: ShapeWishes['shapes']): void {
  const known = inputs.map((input) => input.name);
  const wrong = Object.keys(shapes).find((input) => !known.includes(input));
  if (wrong === undefined) return;
  throw new JitneyError(
    'INVALID_ARGUMENT',
    `--shape ${wrong}:${shapes[wrong]?.join()}: model '${name}' has no such input; it has ${known.join(', ')}`,
  );
}

function refuseRows({ name, inputs }: ServedModel, rows: number): void {
  if (rows === 1 || inputs.some(({ shape }) => shape[0] === -1)) return;
  throw new JitneyError(
    'INVALID_ARGUMENT',
    `--rows ${rows}: model '${name}' has no input whose first dimension is free`,
  );
}

const JSON_HEADERS = { 'Content-Type': 'application/json' };

function predictBodies({ name, example }: ServedModel, { body, timeoutMs, rows }: RequestWishes): Bodies {
  if (body !== null) return jsonBody(body, timeoutMs, 'the given body');
  if (example === undefined) {
    throw new JitneyError(
      'INVALID_ARGUMENT',
      `model '${name}' has code of its own and no example: add "example" to its model.ts, or give a body with --body FILE`,
    );
  }
  const inputs = rows === 1 ? example : Array.from({ length: rows }, () => example);
  const about = rows === 1 ? 'its example' : `its example, ${rows} times`;
  return jsonBody(Buffer.from(JSON.stringify({ inputs })), timeoutMs, about);
}

/** One body, whose deadline is in a header: it is sent as it is. */
function jsonBody(bytes: Uint8Array, timeoutMs: number | null, about: string): Bodies {
  const trial = { headers: JSON_HEADERS, body: Buffer.from(bytes) };
  if (timeoutMs === null) return { bodies: [trial], trial, about };
  const headers = { ...JSON_HEADERS, 'X-Request-Timeout-Ms': String(timeoutMs) };
  return { bodies: [{ ...trial, headers }], trial, about };
}

/** @throws JitneyError `INVALID_ARGUMENT` with the server's words where it is not answered with 200. */
async function tryOut(server: Server, request: Uint8Array, url: string): Promise<void> {
  const { status, body } = await server.send(request);
  if (status === 200) return;
  throw new JitneyError(
    'INVALID_ARGUMENT',
    `${url} answered a request made up for it with ${status}: ${body.toString().slice(0, 500)}\nShapes can be given with --shape NAME:1,3,224,224, a whole body with --body FILE.`,
  );
}
