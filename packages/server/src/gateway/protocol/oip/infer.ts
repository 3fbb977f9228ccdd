import type { IncomingHttpHeaders } from 'node:http';
import { invariant, JitneyError, tensorBytes, validateInputs, validateOutputs } from '@jitney/core';
import type { LimitsConfig } from '../../../config/index.js';
import type { LoadedModel, ModelRoute } from '../../../wire/messages.js';
import type { Answer, InferRequest } from '../../call.js';
import { refuseUnready } from '../../routing/unready.js';
import { type HttpAnswer, oipErrorShape } from '../http/answer.js';
import type { CallParts, Protocol, RequestKind, Steps } from '../http/exchange.js';
import { createInferParser, type InferParser, parseHeaderLength } from './infer-parser.js';
import { InferResponseEncoder } from './infer-response.js';
import { DEFAULT_INFER_LIMITS, type InferLimits } from './limits.js';

/** `POST …/infer`: tensors in JSON, in binary, or both. */
export const infer: RequestKind<InferRequest> = {
  name: 'oip',
  errorShape: oipErrorShape,
  begin: (gateway, headers, { model, version }) => {
    const route = gateway.dataPlane.routes.find(model ?? '', version);
    return new Inference(route, loadedOf(route), headers, gateway.limits);
  },
};

class Inference implements Protocol<InferRequest> {
  readonly route: ModelRoute;
  readonly #loaded: LoadedModel;
  readonly #limits: LimitsConfig;
  readonly #headerLength: number | null;

  constructor(route: ModelRoute, loaded: LoadedModel, headers: IncomingHttpHeaders, limits: LimitsConfig) {
    this.route = route;
    this.#loaded = loaded;
    this.#limits = limits;
    this.#headerLength = headerLengthOf(headers);
  }

  createParser(): InferParser {
    const { signature, batching } = this.#loaded;
    const limits = inferLimits(this.#limits);
    return createInferParser({ model: this.route.name, signature, batching, limits, headerLength: this.#headerLength });
  }

  call(parsed: InferRequest): CallParts {
    const { signature, batching } = this.#loaded;
    const { inputs, outputs, parameters } = parsed;
    validateInputs(this.route.name, signature, batching, inputs);
    const names = outputs === null ? null : outputs.map((output) => output.name);
    if (names !== null) validateOutputs(this.route.name, signature, names);
    let bytes = 0;
    for (const tensor of inputs) bytes += tensorBytes(tensor);
    return {
      outputs: names,
      body: { kind: 'tensors', tensors: inputs },
      priority: wholeNumber('priority', parameters.priority) ?? 0,
      bytes,
      timeoutMs: microseconds(parameters.timeout),
    };
  }

  answer({ body, model, version }: Answer, { id, outputs, binaryOutputs }: InferRequest): Steps<HttpAnswer> {
    invariant(body.kind === 'tensors', 'a host answered infer with content');
    const response = { id, model, version, requested: outputs, binaryOutputs, outputs: body.tensors };
    return new InferAnswer(new InferResponseEncoder(response));
  }
}

class InferAnswer implements Steps<HttpAnswer> {
  readonly #encoder: InferResponseEncoder;

  constructor(encoder: InferResponseEncoder) {
    this.#encoder = encoder;
  }

  step(): boolean {
    return this.#encoder.step();
  }

  end(): HttpAnswer {
    const { chunks, contentType, headerLength } = this.#encoder.end();
    if (headerLength === null) return { status: 200, contentType, chunks };
    return { status: 200, contentType, chunks, headers: { 'inference-header-content-length': String(headerLength) } };
  }
}

/** What is known of a version that serves, or did until its host ended. @throws JitneyError where it never was ready. */
export function loadedOf(route: ModelRoute): LoadedModel {
  if (route.loaded !== null && route.state !== 'unloaded') return route.loaded;
  refuseUnready(route);
  throw new JitneyError('INTERNAL', `This is a bug in Jitney: '${route.name}' is ${route.state} and was never loaded`);
}

function headerLengthOf(headers: IncomingHttpHeaders): number | null {
  const header = headers['inference-header-content-length'];
  if (header === undefined) return null;
  const isPlain = headers['content-encoding'] === undefined && headers['content-length'] !== undefined;
  return parseHeaderLength(header.toString(), isPlain ? Number(headers['content-length']) : null);
}

/** Triton's `timeout` is in microseconds; 0 means none of its own. */
function microseconds(value: unknown): number | null {
  const timeout = wholeNumber('timeout', value);
  return timeout === null || timeout === 0 ? null : timeout / 1_000;
}

function wholeNumber(name: string, value: unknown): number | null {
  if (value === undefined) return null;
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0) return number;
  throw new JitneyError(
    'INVALID_ARGUMENT',
    `parameter '${name}' must be a whole number of at least 0, got ${String(value).slice(0, 40)}`,
  );
}

const LIMITS = new WeakMap<LimitsConfig, InferLimits>();

function inferLimits(limits: LimitsConfig): InferLimits {
  let known = LIMITS.get(limits);
  if (known === undefined) {
    const { maxBodyBytes, maxInputs } = limits;
    known = {
      ...DEFAULT_INFER_LIMITS,
      maxJsonBytes: maxBodyBytes,
      maxTensorBytes: maxBodyBytes,
      maxTensors: maxInputs,
    };
    LIMITS.set(limits, known);
  }
  return known;
}
