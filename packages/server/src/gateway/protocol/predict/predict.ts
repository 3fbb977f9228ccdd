import type { IncomingHttpHeaders } from 'node:http';
import { invariant, JitneyError } from '@jitney/core';
import type { ModelRoute } from '../../../wire/messages.js';
import type { Answer } from '../../call.js';
import type { Gateway } from '../../gateway.js';
import { type HttpAnswer, ownErrorShape } from '../http/answer.js';
import type { CallParts, NamedModel, Parser, Protocol, RequestKind } from '../http/exchange.js';
import { JsonDepth } from '../http/json-depth.js';

/**
 * `POST /predict/{model}`: the body goes to the model's host as it is, with its content type; the host decodes it,
 * since it knows what the model takes, and since decoding would hold the gateway's loop.
 */
export function createPredict(gateway: Pick<Gateway, 'limits' | 'dataPlane'>): RequestKind<Uint8Array> {
  return {
    name: 'predict',
    errorShape: ownErrorShape,
    bodySaysTimeout: false,
    begin: (headers, named) => new Prediction(routeOf(gateway, named), headers, gateway.limits.maxDepth),
  };
}

class Prediction implements Protocol<Uint8Array> {
  readonly route: ModelRoute;
  readonly #contentType: string;
  readonly #maxDepth: number;

  constructor(route: ModelRoute, headers: IncomingHttpHeaders, maxDepth: number) {
    this.route = route;
    this.#contentType = headers['content-type'] ?? '';
    this.#maxDepth = maxDepth;
  }

  createParser(): BodyCollector {
    return new BodyCollector(MAY_BE_JSON.test(this.#contentType) ? new JsonDepth(this.#maxDepth) : null);
  }

  call(bytes: Uint8Array): CallParts {
    return {
      outputs: null,
      body: { kind: 'content', contentType: this.#contentType, bytes },
      priority: 0,
      bytes: bytes.byteLength,
      timeoutMs: null,
    };
  }

  answer({ body }: Answer): HttpAnswer {
    invariant(body.kind === 'content', 'a host answered /predict with tensors');
    const { contentType, bytes } = body;
    return { status: 200, contentType, chunks: [bytes] };
  }
}

/** Types whose bodies a host reads as JSON: also none, and the one that curl -d gives everything. */
const MAY_BE_JSON = /^\s*(?:;|$)|json|x-www-form-urlencoded/i;

/** Keeps a body as it came. */
class BodyCollector implements Parser<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  readonly #depth: JsonDepth | null;

  constructor(depth: JsonDepth | null) {
    this.#depth = depth;
  }

  write(chunk: Uint8Array): void {
    this.#depth?.write(chunk);
    this.#chunks.push(chunk);
  }

  step(): boolean {
    return false;
  }

  end(): Uint8Array {
    return this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : Buffer.concat(this.#chunks);
  }
}

function routeOf(gateway: Pick<Gateway, 'dataPlane'>, { model, version }: NamedModel): ModelRoute {
  return gateway.dataPlane.routes.find(model ?? onlyModel(gateway), version);
}

/** The model `/predict` means when it names none. */
function onlyModel(gateway: Pick<Gateway, 'dataPlane'>): string {
  const known = gateway.dataPlane.routes.all.filter((route) => route.state !== 'unloaded');
  const [only, ...others] = new Set(known.map((route) => route.name));
  if (only === undefined) throw new JitneyError('MODEL_NOT_FOUND', 'this server has no model');
  if (others.length === 0) return only;
  throw new JitneyError(
    'INVALID_ARGUMENT',
    `several models are served: POST /predict/{model} with one of ${[only, ...others].join(', ')}`,
  );
}
