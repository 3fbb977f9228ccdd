import type { IncomingMessage, ServerResponse } from 'node:http';
import { JitneyError, tensorBytes, validateInputs, validateOutputs } from '@jitney/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ModelRoute } from '../../../wire/messages.js';
import type { InferRequest } from '../../call.js';
import type { Gateway } from '../../gateway.js';
import { readinessOf } from '../health/health.js';
import { type CallParts, exchange } from '../http/exchange.js';
import { oipErrorShape, respondError } from '../http/respond.js';
import { createInferParser, parseHeaderLength } from './infer-parser.js';
import { encodeInferSteps } from './infer-response.js';
import { DEFAULT_INFER_LIMITS, type InferLimits } from './limits.js';
import { modelMetadata, serverMetadata } from './metadata.js';

/** The Open Inference Protocol v2 over HTTP, as Triton speaks it (reference: its HTTP front end). */
export function registerOip(app: FastifyInstance, gateway: Gateway): void {
  const { routes } = gateway.dataPlane;
  const limits = limitsOf(gateway);
  app.get('/v2/health/live', () => ({ live: true }));
  app.get('/v2/health/ready', (_request, reply) => {
    const { ready } = readinessOf(gateway);
    return reply.code(ready ? 200 : 400).send({ ready });
  });
  app.get(
    '/v2',
    guarded(gateway, () => serverMetadata({ name: 'jitney', version: gateway.version })),
  );
  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    app.get(
      path,
      guarded(gateway, (named) => {
        const route = routes.find(named.model, named.version);
        return modelMetadata(metadataOf(route), routes.versionsOf(route.name));
      }),
    );
    app.get(
      `${path}/ready`,
      guarded(gateway, (named) => {
        const route = routes.find(named.model, named.version);
        const ready = route.state === 'ready' || route.state === 'restarting';
        if (!ready)
          throw new JitneyError(
            'INVALID_ARGUMENT',
            `Model version not ready: '${route.name}' version ${route.version} is ${route.state}`,
          );
        return { name: route.name, ready };
      }),
    );
    app.post(`${path}/infer`, (request, reply) => {
      reply.hijack();
      handleInfer(gateway, limits, request.raw, reply.raw, namesOf(request));
    });
  }
}

interface Names {
  readonly model: string;
  /** `null`: the default version. */
  readonly version: string | null;
}

function namesOf(request: FastifyRequest): Names {
  const { model, version = null } = request.params as { model: string; version?: string };
  return { model, version };
}

function guarded(gateway: Gateway, answer: (names: Names) => unknown) {
  return (request: FastifyRequest, reply: FastifyReply): unknown => {
    try {
      gateway.authorise(request.headers);
      return answer(namesOf(request));
    } catch (thrown) {
      reply.hijack();
      respondError(request.raw, reply.raw, { error: JitneyError.from(thrown), shape: oipErrorShape, requestId: '' });
      return reply;
    }
  };
}

function metadataOf(route: ModelRoute) {
  if (route.loaded !== null) return route.loaded;
  throw new JitneyError(
    'MODEL_NOT_READY',
    `'${route.name}' version ${route.version} is not at ready state: ${route.reason}`,
  );
}

/** `POST …/infer`: tensors in JSON, in binary, or both. */
function handleInfer(
  gateway: Gateway,
  limits: InferLimits,
  request: IncomingMessage,
  response: ServerResponse,
  named: Names,
): void {
  exchange<InferRequest>(gateway, request, response, oipErrorShape, () => {
    const route = gateway.dataPlane.routes.find(named.model, named.version);
    const { signature, batching } = metadataOf(route);
    return {
      protocol: 'oip',
      shape: oipErrorShape,
      route,
      parser: createInferParser({
        model: route.name,
        signature,
        batching,
        limits,
        headerLength: headerLengthOf(request),
      }),
      call: (parsed) => {
        validateInputs(route.name, signature, batching, parsed.inputs);
        if (parsed.outputs !== null)
          validateOutputs(
            route.name,
            signature,
            parsed.outputs.map((output) => output.name),
          );
        return callParts(parsed);
      },
      *answer({ body, model, version }, { id, outputs: requested, binaryOutputs }) {
        if (body.kind !== 'tensors')
          throw new JitneyError('INTERNAL', 'This is a bug in Jitney: a host answered infer with content');
        const encoded = yield* encodeInferSteps({
          id,
          model,
          version,
          requested,
          binaryOutputs,
          outputs: body.tensors,
        });
        const { chunks, contentType, headerLength } = encoded;
        const headers = headerLength === null ? {} : { 'inference-header-content-length': String(headerLength) };
        return { status: 200, contentType, chunks, headers };
      },
    };
  });
}

function callParts({ inputs, outputs, parameters }: InferRequest): CallParts {
  let bytes = 0;
  for (const tensor of inputs) bytes += tensorBytes(tensor);
  return {
    outputs: outputs === null ? null : outputs.map((output) => output.name),
    body: { kind: 'tensors', tensors: inputs },
    priority: wholeNumber('priority', parameters.priority, 0) ?? 0,
    bytes,
    timeoutMs: microseconds(parameters.timeout),
  };
}

/** Triton's `timeout` is in microseconds; 0 means none of its own. */
function microseconds(value: unknown): number | null {
  const timeout = wholeNumber('timeout', value, 0);
  return timeout === null || timeout === 0 ? null : timeout / 1_000;
}

function wholeNumber(name: string, value: unknown, least: number): number | null {
  if (value === undefined) return null;
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= least) return number;
  throw new JitneyError(
    'INVALID_ARGUMENT',
    `parameter '${name}' must be a whole number of at least ${least}, got ${String(value).slice(0, 40)}`,
  );
}

function headerLengthOf({ headers }: IncomingMessage): number | null {
  const header = headers['inference-header-content-length'];
  const isPlain = headers['content-encoding'] === undefined && headers['content-length'] !== undefined;
  return parseHeaderLength(header?.toString(), isPlain ? Number(headers['content-length']) : null);
}

function limitsOf({ limits }: Gateway): InferLimits {
  return {
    ...DEFAULT_INFER_LIMITS,
    maxJsonBytes: limits.maxBodyBytes,
    maxTensorBytes: limits.maxBodyBytes,
    maxTensors: limits.maxInputs,
  };
}
