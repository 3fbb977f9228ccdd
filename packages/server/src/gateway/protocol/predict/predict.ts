import type { IncomingMessage, ServerResponse } from 'node:http';
import { JitneyError } from '@jitney/core';
import type { Gateway } from '../../gateway.js';
import { exchange } from '../http/exchange.js';
import { ownErrorShape } from '../http/respond.js';

/**
 * `POST /predict/{model}`: the body goes to the model's host as it is, with its content type; the host decodes it,
 * since it knows what the model takes, and since decoding would hold the gateway's loop.
 */
export function handlePredict(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  named: { readonly model: string | null; readonly version: string | null },
): void {
  exchange(gateway, request, response, ownErrorShape, () => ({
    protocol: 'predict',
    shape: ownErrorShape,
    route: gateway.dataPlane.routes.find(named.model ?? onlyModel(gateway), named.version),
    parser: collect(),
    call: (bytes) => ({
      outputs: null,
      body: { kind: 'content', contentType: request.headers['content-type'] ?? '', bytes },
      priority: 0,
      bytes: bytes.byteLength,
      timeoutMs: timeoutOf(request),
    }),
    // biome-ignore lint/correctness/useYield: one short step
    *answer({ body }) {
      if (body.kind !== 'content')
        throw new JitneyError('INTERNAL', 'This is a bug in Jitney: a host answered /predict with tensors');
      return { status: 200, contentType: body.contentType, chunks: [body.bytes] };
    },
  }));
}

/** The model `/predict` means when it names none. */
function onlyModel(gateway: Gateway): string {
  const names = [...new Set(gateway.dataPlane.routes.all.map((route) => route.name))];
  const only = names[0];
  if (only !== undefined && names.length === 1) return only;
  throw new JitneyError(
    'INVALID_ARGUMENT',
    `several models are served: POST /predict/{model} with one of ${names.join(', ')}`,
  );
}

function collect() {
  const chunks: Uint8Array[] = [];
  return {
    write: (chunk: Uint8Array) => void chunks.push(chunk),
    step: () => false,
    end: (): Uint8Array => (chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks)),
  };
}

/** `X-Request-Timeout-Ms`: how long the client waits. */
function timeoutOf(request: IncomingMessage): number | null {
  const header = request.headers['x-request-timeout-ms'];
  if (header === undefined) return null;
  const timeoutMs = Number(header);
  if (Number.isFinite(timeoutMs) && timeoutMs > 0) return timeoutMs;
  throw new JitneyError(
    'INVALID_ARGUMENT',
    `X-Request-Timeout-Ms must be a number of milliseconds above 0, got '${String(header).slice(0, 40)}'`,
  );
}
