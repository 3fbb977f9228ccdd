import { createServer } from 'node:http';
import { JitneyError } from '@jitney/core';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Gateway } from './gateway.js';
import { registerHealth } from './protocol/health/health.js';
import { type ErrorShape, oipErrorShape, ownErrorShape, respondError } from './protocol/http/respond.js';
import { registerOip } from './protocol/oip/routes.js';
import { registerOpenApi } from './protocol/openapi/openapi.js';
import { registerPage } from './protocol/page/page.js';
import { handlePredict } from './protocol/predict/predict.js';

/** The HTTP face of a gateway: every protocol's routes, and one answer for what none of them knows. */
export function createHttpServer(gateway: Gateway): FastifyInstance {
  const { server, limits } = gateway;
  const app = fastify({
    logger: false,
    trustProxy: false,
    routerOptions: { maxParamLength: 512 },
    bodyLimit: limits.maxBodyBytes,
    exposeHeadRoutes: true,
    forceCloseConnections: 'idle',
    serverFactory: (handler) => {
      const http = createServer(
        {
          maxHeaderSize: limits.maxHeaderBytes,
          // Bodies are read as they come; a socket that stalls is ended by these.
          headersTimeout: server.headersTimeoutMs,
          requestTimeout: server.requestTimeoutMs,
          keepAliveTimeout: server.keepAliveTimeoutMs,
        },
        handler,
      );
      return http;
    },
  });
  // Protocols read their bodies themselves, straight from the socket.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff');
    if (gateway.isDraining()) reply.header('connection', 'close');
    done();
  });
  answerTheUnknown(app, gateway);
  registerCors(app, server.corsOrigins);
  registerHealth(app, gateway);
  registerOip(app, gateway);
  registerPredict(app, gateway);
  registerOpenApi(app, gateway);
  registerPage(app, gateway);
  return app;
}

function registerPredict(app: FastifyInstance, gateway: Gateway): void {
  const handle = (request: FastifyRequest, reply: FastifyReply) => {
    const { model = null, version = null } = request.params as { model?: string; version?: string };
    reply.hijack();
    handlePredict(gateway, request.raw, reply.raw, { model, version });
  };
  app.post('/predict', handle);
  app.post('/predict/:model', handle);
  app.post('/predict/:model/versions/:version', handle);
}

const shapeFor = (url: string): ErrorShape => (url.startsWith('/v2') ? oipErrorShape : ownErrorShape);

/** A route nobody has, a wrong method, or a request that Fastify itself refused. */
function answerTheUnknown(app: FastifyInstance, gateway: Gateway): void {
  const answer = (request: FastifyRequest, reply: FastifyReply, error: JitneyError) => {
    reply.hijack();
    gateway.metrics.failed('', '', error.code);
    const requestId = gateway.nextRequestId();
    reply.raw.setHeader('x-request-id', requestId);
    respondError(request.raw, reply.raw, { error, shape: shapeFor(request.url), requestId });
  };
  app.setNotFoundHandler((request, reply) => {
    const others = methodsOf(app, request.url.split('?', 1)[0] ?? '/');
    if (others.length === 0) return answer(request, reply, new JitneyError('ROUTE_NOT_FOUND', 'Not Found'));
    reply.raw.setHeader('allow', others.join(', '));
    answer(request, reply, new JitneyError('METHOD_NOT_ALLOWED', 'Method Not Allowed'));
  });
  app.setErrorHandler((thrown, request, reply) => {
    const error = thrown instanceof JitneyError ? thrown : fastifyError(thrown);
    if (error.code === 'INTERNAL') gateway.log.error({ err: thrown }, error.message);
    answer(request, reply, error);
  });
}

function methodsOf(app: FastifyInstance, url: string): string[] {
  return ['GET', 'HEAD', 'POST'].filter(
    (method) => app.findRoute({ method, url }) !== null || app.hasRoute({ method, url }),
  );
}

function fastifyError(thrown: unknown): JitneyError {
  const status = (thrown as { statusCode?: number }).statusCode ?? 500;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (status >= 400 && status < 500) return new JitneyError('INVALID_ARGUMENT', message);
  return new JitneyError('INTERNAL', 'a defect of Jitney, see the log', { cause: thrown });
}

/** Answers for pages of other origins: none, unless they are listed. */
function registerCors(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    if (origin === undefined || !(origins.includes('*') || origins.includes(origin))) return done();
    const allow = origins.includes('*') ? '*' : origin;
    // Infer and predict answer on the raw response: it must know, too.
    reply.raw.setHeader('access-control-allow-origin', allow);
    reply.raw.setHeader('access-control-expose-headers', 'x-request-id, inference-header-content-length');
    if (allow !== '*') reply.raw.setHeader('vary', 'origin');
    if (request.method !== 'OPTIONS') return done();
    reply.hijack();
    reply.raw.writeHead(204, {
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers':
        'authorization, content-type, x-api-key, x-request-id, inference-header-content-length',
      'access-control-max-age': '86400',
    });
    reply.raw.end();
  });
}
