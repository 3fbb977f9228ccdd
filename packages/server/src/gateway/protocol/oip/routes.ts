import { JitneyError } from '@jitney/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Gateway } from '../../gateway.js';
import { refuseUnready } from '../../routing/endings.js';
import { readinessOf } from '../health/health.js';
import { loadedOf } from './infer.js';
import { modelMetadata, serverMetadata } from './metadata.js';

/** The Open Inference Protocol v2 over HTTP but for infer, as Triton speaks it. */
export function registerOip(app: FastifyInstance, gateway: Gateway): void {
  const { routes } = gateway.dataPlane;
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
    const metadata = guarded(gateway, ({ model, version }) => {
      const route = routes.find(model, version);
      return modelMetadata(loadedOf(route), routes.versionsOf(route.name));
    });
    const ready = guarded(gateway, ({ model, version }) => {
      const route = routes.find(model, version);
      if (route.state === 'unloaded') refuseUnready(route);
      if (route.state === 'ready' || route.state === 'restarting') return { name: route.name, ready: true };
      throw new JitneyError(
        'INVALID_ARGUMENT',
        `Model version not ready: '${route.name}' version ${route.version} is ${route.state}: ${route.reason}`,
      );
    });
    app.get(path, metadata);
    app.get(`${path}/ready`, ready);
  }
}

interface Names {
  readonly model: string;
  /** `null`: the default version. */
  readonly version: string | null;
}

function guarded(gateway: Gateway, answer: (names: Names) => unknown) {
  return (request: FastifyRequest): unknown => {
    gateway.authorise(request.headers);
    const { model = null, version = null } = request.params as { model?: string; version?: string };
    // Fastify takes `/v2/models/` for a model without a name.
    if (model === '') throw new JitneyError('ROUTE_NOT_FOUND', 'Not Found');
    return answer({ model: model ?? '', version });
  };
}
