import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { JitneyError } from '@jitney/core';
import { type FastifyInstance, fastify } from 'fastify';
import { answerPreflight, createCors } from './access/cors.js';
import { acceptRequestId } from './access/request-id.js';
import type { Gateway } from './gateway.js';
import { registerHealth } from './protocol/health/health.js';
import { createClientErrorHandler } from './protocol/http/client-errors.js';
import { dataRoute } from './protocol/http/data-route.js';
import { exchange, refuse } from './protocol/http/exchange.js';
import { type Incoming, REQUEST_ID } from './protocol/http/incoming.js';
import { answerTheUnknown, refuseRequest } from './protocol/http/refusals.js';
import { errorShapeFor } from './protocol/http/respond.js';
import { infer } from './protocol/oip/infer.js';
import { registerOip } from './protocol/oip/routes.js';
import { registerOpenApi } from './protocol/openapi/openapi.js';
import { registerPage } from './protocol/page/page.js';
import { predict } from './protocol/predict/predict.js';

/** The HTTP face of a gateway: every protocol's routes, and one answer for what none of them knows. */
export function createHttpServer(gateway: Gateway): FastifyInstance {
  const app = fastify({
    logger: false,
    trustProxy: false,
    routerOptions: { maxParamLength: 512 },
    exposeHeadRoutes: true,
    forceCloseConnections: 'idle',
    serverFactory: (handler) => createNodeServer(gateway, createListener(gateway, handler as RequestListener)),
    clientErrorHandler: createClientErrorHandler(gateway),
    frameworkErrors: (thrown, request, reply) => refuseRequest(gateway, request, reply, thrown),
  });
  // A body that nobody asked for is not read.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  answerTheUnknown(app, gateway);
  registerHealth(app, gateway);
  registerOip(app, gateway);
  registerOpenApi(app, gateway);
  registerPage(app, gateway);
  return app;
}

/** Requests to models go straight to their protocol, which reads their bodies from the socket; Fastify has the rest. */
function createListener(gateway: Gateway, others: RequestListener): RequestListener {
  const cors = createCors(gateway.server.corsOrigins);
  return (request, response) => {
    const incoming = welcome(gateway, request, response);
    cors?.(request, response);
    if (cors !== null && answerPreflight(request, response)) return;
    const { url = '/' } = request;
    // RFC 9112 §3.2. Node would answer it without a word.
    if (request.headers.host === undefined && request.httpVersion === '1.1') {
      return refuse(
        gateway,
        incoming,
        errorShapeFor(url),
        new JitneyError('INVALID_ARGUMENT', 'there is no Host header'),
      );
    }
    const data = request.method === 'POST' ? dataRoute(url) : null;
    if (data === null) {
      for (const [name, value] of Object.entries(incoming.headers)) response.setHeader(name, value);
      return others(request, response);
    }
    if (data.kind === 'infer') exchange(gateway, incoming, infer, data);
    else exchange(gateway, incoming, predict, data);
  };
}

/** Gives the request its id, and says which headers its answer has in any case. */
function welcome(gateway: Gateway, request: IncomingMessage, response: ServerResponse): Incoming {
  const requestId = acceptRequestId(request.headers[REQUEST_ID]) ?? gateway.nextRequestId();
  const headers: Record<string, string> = { [REQUEST_ID]: requestId, 'x-content-type-options': 'nosniff' };
  if (gateway.isDraining()) headers.connection = 'close';
  return { request, response, requestId, headers };
}

/** Slow clients are looked for so often, but at least four times in the time they are given. */
const MOST_CHECK_MS = 5_000;

function createNodeServer({ server, limits }: Gateway, listener: RequestListener): Server {
  const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = server;
  const http = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(MOST_CHECK_MS, Math.ceil(headersTimeoutMs / 4)),
      keepAliveTimeout: keepAliveTimeoutMs,
      requireHostHeader: false,
    },
    listener,
  );
  // Last resort against a connection on which nothing moves, longer than any request may take.
  http.setTimeout(limits.maxTimeoutMs + keepAliveTimeoutMs);
  // An expectation that is not known may be ignored (RFC 9110 §10.1.1); Node would answer 417 without a word.
  http.on('checkExpectation', listener);
  return http;
}
