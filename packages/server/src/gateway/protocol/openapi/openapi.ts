import type { FastifyInstance } from 'fastify';
import type { LoadedModel } from '../../../wire/messages.js';
import type { Gateway } from '../../gateway.js';

/** `/openapi.json`: every route, and for each model what it takes and gives, with an example that works. */
export function registerOpenApi(app: FastifyInstance, gateway: Gateway): void {
  app.get('/openapi.json', (request) => {
    gateway.authorise(request.headers);
    const loaded = gateway.dataPlane.routes.all.flatMap((route) =>
      route.isDefault && route.loaded !== null ? [route.loaded] : [],
    );
    return describeApi(loaded, gateway.server.apiKeySha256 !== null);
  });
}

/** The API as OpenAPI 3.1. */
function describeApi(models: readonly LoadedModel[], needsKey: boolean): Record<string, unknown> {
  const predict = Object.fromEntries(
    models.map((model) => [`/predict/${model.name}`, { post: predictOperation(model) }]),
  );
  return {
    openapi: '3.1.0',
    info: { title: 'Jitney', version: '1', description: 'Models served by Jitney.' },
    ...(needsKey ? { security: [{ bearer: [] }] } : {}),
    paths: { ...predict, ...PROTOCOL_PATHS },
    components: {
      schemas: { OipError: OIP_ERROR, Error: OWN_ERROR, InferRequest: INFER_REQUEST, InferResponse: INFER_RESPONSE },
      ...(needsKey ? { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } } : {}),
    },
  };
}

function predictOperation(model: LoadedModel): Record<string, unknown> {
  const input = model.schema?.input ?? tensorInput(model);
  const output = model.schema?.output ?? TENSOR_OUTPUT;
  const example = model.example === null ? {} : { example: { inputs: model.example } };
  return {
    operationId: `predict_${model.name}`,
    summary: model.description || `Predicts with ${model.name}`,
    tags: [model.name],
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['inputs'],
            properties: {
              inputs: model.schema === null ? input : { anyOf: [input, { type: 'array', items: input }] },
              parameters: { type: 'object' },
            },
          },
          ...example,
        },
      },
    },
    responses: {
      200: {
        description: 'The answer; for a list of inputs the list of answers, in order.',
        content: {
          'application/json': { schema: model.schema === null ? output : { anyOf: [output, { type: 'array' }] } },
        },
      },
      default: failure('#/components/schemas/Error'),
    },
  };
}

/** Inputs of a model without code of its own: nested arrays by name. */
function tensorInput(model: LoadedModel): Record<string, unknown> {
  const { inputs } = model.signature;
  return {
    type: 'object',
    required: inputs.filter((spec) => !spec.optional).map((spec) => spec.name),
    properties: Object.fromEntries(
      inputs.map((spec) => [
        spec.name,
        { description: `${spec.dtype} ${JSON.stringify(spec.shape)}`, type: ['array', 'number', 'string', 'boolean'] },
      ]),
    ),
  };
}

const failure = (ref: string) => ({
  description: 'What went wrong.',
  content: { 'application/json': { schema: { $ref: ref } } },
});

const TENSOR_OUTPUT = {
  type: 'object',
  required: ['outputs'],
  properties: { outputs: { type: 'object' }, nonFinite: { type: 'array' } },
};

const OIP_ERROR = { type: 'object', required: ['error'], properties: { error: { type: 'string' } } };

const OWN_ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'requestId'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        item: { type: 'integer' },
        requestId: { type: 'string' },
      },
    },
  },
};

const TENSOR = {
  type: 'object',
  required: ['name', 'shape', 'datatype'],
  properties: {
    name: { type: 'string' },
    shape: { type: 'array', items: { type: 'integer' } },
    datatype: { type: 'string' },
    parameters: { type: 'object' },
    data: { type: 'array' },
  },
};

const INFER_REQUEST = {
  type: 'object',
  required: ['inputs'],
  properties: {
    id: { type: 'string' },
    parameters: { type: 'object' },
    inputs: { type: 'array', items: TENSOR },
    outputs: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, parameters: { type: 'object' } },
      },
    },
  },
};

const INFER_RESPONSE = {
  type: 'object',
  required: ['model_name', 'model_version', 'outputs'],
  properties: {
    id: { type: 'string' },
    model_name: { type: 'string' },
    model_version: { type: 'string' },
    outputs: { type: 'array', items: TENSOR },
  },
};

const json = (schema: unknown) => ({ 'application/json': { schema } });
const modelParameter = { name: 'model', in: 'path', required: true, schema: { type: 'string' } };
const versionParameter = { name: 'version', in: 'path', required: true, schema: { type: 'string' } };

const get = (summary: string, parameters: readonly unknown[] = []) => ({
  get: {
    summary,
    tags: ['Open Inference Protocol'],
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: { 200: { description: 'OK' }, default: failure('#/components/schemas/OipError') },
  },
});

const infer = (parameters: readonly unknown[]) => ({
  post: {
    summary: 'Runs tensors through a model; binary tensors with Inference-Header-Content-Length',
    tags: ['Open Inference Protocol'],
    parameters,
    requestBody: { required: true, content: json({ $ref: '#/components/schemas/InferRequest' }) },
    responses: {
      200: { description: 'The outputs.', content: json({ $ref: '#/components/schemas/InferResponse' }) },
      default: failure('#/components/schemas/OipError'),
    },
  },
});

const PROTOCOL_PATHS = {
  '/v2': get('Server metadata'),
  '/v2/health/live': get('Liveness'),
  '/v2/health/ready': get('Readiness'),
  '/v2/models/{model}': get('Model metadata', [modelParameter]),
  '/v2/models/{model}/ready': get('Model readiness', [modelParameter]),
  '/v2/models/{model}/infer': infer([modelParameter]),
  '/v2/models/{model}/versions/{version}': get('Metadata of a version', [modelParameter, versionParameter]),
  '/v2/models/{model}/versions/{version}/ready': get('Readiness of a version', [modelParameter, versionParameter]),
  '/v2/models/{model}/versions/{version}/infer': infer([modelParameter, versionParameter]),
  '/livez': get('The process turns'),
  '/readyz': get('Every model serves'),
  '/metrics': get('Metrics for Prometheus'),
};
