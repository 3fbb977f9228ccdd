import type { FastifyInstance } from 'fastify';
import type { Gateway } from '../../gateway.js';

/** `/livez`: the process turns. `/readyz`: every model that should serve does. `/metrics`. None needs a key but metrics. */
export function registerHealth(app: FastifyInstance, gateway: Gateway): void {
  app.get('/livez', () => ({ live: true }));
  app.get('/readyz', (_request, reply) => {
    const readiness = readinessOf(gateway);
    // Reasons name files. Where there is a key, who has none learns which models, and no more.
    if (gateway.server.apiKeySha256 !== null)
      return reply.code(readiness.ready ? 200 : 503).send(withoutReasons(readiness));
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
  app.get('/metrics', async (request, reply) => {
    gateway.authorise(request.headers);
    const text = await gateway.collectMetrics();
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
  });
}

export interface Readiness {
  readonly ready: boolean;
  /** Why not: the server is ending, or these models do not serve. */
  readonly reason?: string;
  readonly models?: Readonly<Record<string, string>>;
}

function withoutReasons({ models = {}, ...readiness }: Readiness): Readiness {
  const states = Object.entries(models).map(([name, text]) => [name, text.split(':', 1)[0]]);
  return states.length === 0 ? readiness : { ...readiness, models: Object.fromEntries(states) };
}

/**
 * Ready: not ending, and every model that was asked for is ready or being replaced. One that failed keeps the server
 * from being ready, by name, while the others answer.
 */
export function readinessOf(gateway: Gateway): Readiness {
  if (gateway.isDraining()) return { ready: false, reason: 'the server is ending' };
  const models: Record<string, string> = {};
  for (const route of gateway.dataPlane.routes.all) {
    if (route.state === 'loading' || route.state === 'failed')
      models[`${route.name}@${route.version}`] = `${route.state}: ${route.reason}`;
  }
  if (Object.keys(models).length === 0) return { ready: true };
  return { ready: false, reason: `not ready: ${Object.keys(models).join(', ')}`, models };
}
