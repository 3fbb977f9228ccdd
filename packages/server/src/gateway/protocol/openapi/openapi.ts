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
  const predict = models.map((model) => [`/predict/${model.name}`, { post: predictOperation(model) }] as const);
  const open = needsKey ? { security: [] } : {};
  return {
    openapi: '3.1.0',
    info: { title: 'Jitney', version: '1', description: 'Models served by Jitney.' },
    ...(needsKey ? { security: [{ bearer: [] }] } : {}),
    paths: { ...Object.fromEntries(predict), ...PROTOCOL_PATHS, ...healthPaths(open) },
    components: {
      schemas: {
        OipError: OIP_ERROR,
        Error: OWN_ERROR,
        InferRequest: INFER_REQUEST,
        InferResponse: INFER_RESPONSE,
        ...Object.fromEntries(models.flatMap(schemasOf)),
      },
      ...(needsKey ? { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } } : {}),
    },
  };
}

/** What one item of a model is, and what it is answered with, each under a name of its own. */
function schemasOf(model: LoadedModel): [string, unknown][] {
  const { input, output } = model.schema ?? { input: tensorInput(model), output: TENSOR_OUTPUT };
  return [
    [`${model.name}.input`, contained(`${model.name}/input`, input)],
    [`${model.name}.output`, contained(`${model.name}/output`, output)],
  ];
}

/** A schema whose references to parts of itself (`#/$defs/…`) stay its own within the document. */
function contained(name: string, schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return {};
  return JSON.stringify(schema).includes('"$ref"') ? { ...schema, $id: `urn:jitney:${name}` } : schema;
}

function predictOperation(model: LoadedModel): Record<string, unknown> {
  const oneOrMany = (end: 'input' | 'output') => {
    const one = { $ref: `#/components/schemas/${model.name}.${end}` };
    if (model.schema === null) return one;
    return { anyOf: [one, { type: 'array', items: end === 'input' ? one : { anyOf: [one, FAILED_ITEM] } }] };
  };
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
            properties: { inputs: oneOrMany('input'), parameters: { type: 'object' } },
          },
          ...example,
        },
        // Own code may take the body itself: a picture, a text.
        ...(model.schema === null ? {} : { '*/*': {} }),
      },
    },
    responses: {
      200: {
        description: 'The answer; for a list of inputs the list of answers, in order.',
        content: { 'application/json': { schema: oneOrMany('output') } },
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

/** Stands in the place of an item that failed among others. */
const FAILED_ITEM = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: { type: 'string' }, message: { type: 'string' } },
    },
  },
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
    requestBody: {
      required: true,
      content: { ...json({ $ref: '#/components/schemas/InferRequest' }), 'application/octet-stream': {} },
    },
    responses: {
      200: { description: 'The outputs.', content: json({ $ref: '#/components/schemas/InferResponse' }) },
      default: failure('#/components/schemas/OipError'),
    },
  },
});

const PROTOCOL_PATHS = {
  '/v2': get('Server metadata'),
  '/v2/models/{model}': get('Model metadata', [modelParameter]),
  '/v2/models/{model}/ready': get('Model readiness', [modelParameter]),
  '/v2/models/{model}/infer': infer([modelParameter]),
  '/v2/models/{model}/versions/{version}': get('Metadata of a version', [modelParameter, versionParameter]),
  '/v2/models/{model}/versions/{version}/ready': get('Readiness of a version', [modelParameter, versionParameter]),
  '/v2/models/{model}/versions/{version}/infer': infer([modelParameter, versionParameter]),
};

/** @param open - what says that no key is needed */
function healthPaths(open: Readonly<Record<string, unknown>>) {
  const health = (summary: string, unready: number | null) => ({
    get: {
      summary,
      tags: ['Health'],
      ...open,
      responses: {
        200: { description: 'Yes.' },
        ...(unready === null ? {} : { [unready]: { description: 'No; the body says why.' } }),
      },
    },
  });
  return {
    '/livez': health('The process turns', null),
    '/readyz': health('Every model serves', 503),
    '/v2/health/live': health('The process turns', null),
    '/v2/health/ready': health('Every model serves', 400),
    '/metrics': {
      get: {
        summary: 'Metrics for Prometheus',
        tags: ['Health'],
        responses: { 200: { description: 'Text.', content: { 'text/plain': { schema: { type: 'string' } } } } },
      },
    },
  };
}
