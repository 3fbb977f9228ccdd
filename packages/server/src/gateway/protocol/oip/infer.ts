import type { IncomingHttpHeaders } from 'node:http';
import { invariant, JitneyError, tensorBytes, validateInputs, validateOutputs } from '@jitney/core';
import type { LimitsConfig } from '../../../config/index.js';
import type { LargeBuffers } from '../../../wire/large-buffers.js';
import type { LoadedModel, ModelRoute } from '../../../wire/messages.js';
import type { Answer, InferRequest } from '../../call.js';
import type { Gateway } from '../../gateway.js';
import { refuseUnready } from '../../routing/endings.js';
import { type HttpAnswer, oipErrorShape } from '../http/answer.js';
import type { CallParts, Protocol, RequestKind, Steps } from '../http/exchange.js';
import { InferBody } from './infer-body.js';
import { parseHeaderLength } from './infer-parser.js';
import { InferResponseEncoder } from './infer-response.js';
import { DEFAULT_INFER_LIMITS, type InferLimits } from './limits.js';
import { FloatSlab } from './ordinary/float-slab.js';
import { writeOrdinaryAnswer } from './ordinary/ordinary-answer.js';

/** `POST …/infer`: tensors in JSON, in binary, or both. */
export function createInfer({ limits, dataPlane }: Pick<Gateway, 'limits' | 'dataPlane'>): RequestKind<InferRequest> {
  const shared: Shared = { limits: inferLimits(limits), slab: new FloatSlab(), memory: dataPlane.memory };
  return {
    name: 'oip',
    errorShape: oipErrorShape,
    bodySaysTimeout: true,
    begin(headers, { model, version }) {
      const route = dataPlane.routes.find(model ?? '', version);
      return new Inference(route, loadedOf(route), headers, shared);
    },
  };
}

/** What all infer requests of a gateway work with. */
interface Shared {
  readonly limits: InferLimits;
  readonly slab: FloatSlab;
  readonly memory: LargeBuffers;
}

class Inference implements Protocol<InferRequest> {
  readonly route: ModelRoute;
  readonly #loaded: LoadedModel;
  readonly #shared: Shared;
  readonly #headerLength: number | null;
  readonly #bodyBytes: number | null;

  constructor(route: ModelRoute, loaded: LoadedModel, headers: IncomingHttpHeaders, shared: Shared) {
    this.route = route;
    this.#loaded = loaded;
    this.#shared = shared;
    this.#bodyBytes = bodyBytesOf(headers);
    this.#headerLength = parseHeaderLength(headers['inference-header-content-length']?.toString(), this.#bodyBytes);
  }

  createParser(): InferBody {
    const { signature, batching } = this.#loaded;
    return new InferBody({
      model: this.route.name,
      signature,
      batching,
      limits: this.#shared.limits,
      headerLength: this.#headerLength,
      bodyBytes: this.#bodyBytes,
      slab: this.#shared.slab,
      memory: this.#shared.memory,
    });
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

  answer({ body, model, version }: Answer, { id, outputs, binaryOutputs }: InferRequest) {
    invariant(body.kind === 'tensors', 'a host answered infer with content');
    const response = { id, model, version, requested: outputs, binaryOutputs, outputs: body.tensors };
    const ordinary = writeOrdinaryAnswer(response);
    if (ordinary !== null) return { status: 200, contentType: 'application/json', chunks: [ordinary] };
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

/** Bytes of the body where its headers tell them; `null` where it is compressed. */
function bodyBytesOf(headers: IncomingHttpHeaders): number | null {
  const length = headers['content-length'];
  return length === undefined || headers['content-encoding'] !== undefined ? null : Number(length);
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

function inferLimits({ maxBodyBytes, maxInputs }: LimitsConfig): InferLimits {
  return {
    ...DEFAULT_INFER_LIMITS,
    maxJsonBytes: maxBodyBytes,
    maxTensorBytes: maxBodyBytes,
    maxTensors: maxInputs,
  };
}
