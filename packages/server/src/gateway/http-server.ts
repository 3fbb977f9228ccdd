import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { JitneyError } from '@jitney/core';
import { type FastifyInstance, fastify } from 'fastify';
import { answerPreflight, type Cors, createCors } from './access/cors.js';
import { acceptRequestId } from './access/request-id.js';
import type { Gateway } from './gateway.js';
import { registerHealth } from './protocol/health/health.js';
import { errorShapeFor } from './protocol/http/answer.js';
import { createClientErrorHandler, SilentClientError } from './protocol/http/client-errors.js';
import { Connections } from './protocol/http/connections.js';
import { type DataRoute, dataRoute } from './protocol/http/data-route.js';
import { exchange, refuse } from './protocol/http/exchange.js';
import { type Incoming, REQUEST_ID } from './protocol/http/incoming.js';
import { NodeIncoming } from './protocol/http/node-incoming.js';
import { takePlainRequests } from './protocol/http/plain/connections.js';
import type { Welcome } from './protocol/http/plain/request.js';
import { answerTheUnknown, refuseRequest } from './protocol/http/refusals.js';
import { createInfer } from './protocol/oip/infer.js';
import { registerOip } from './protocol/oip/routes.js';
import { registerOpenApi } from './protocol/openapi/openapi.js';
import { registerPage } from './protocol/page/page.js';
import { createPredict } from './protocol/predict/predict.js';

/** The HTTP face of a gateway: every protocol's routes, and one answer for what none of them knows. */
export interface HttpFace {
  readonly app: FastifyInstance;
  readonly connections: Connections;
}

export function createHttpFace(gateway: Gateway): HttpFace {
  const cors = createCors(gateway.server.corsOrigins);
  const serve = createServe(gateway);
  const onClientError = createClientErrorHandler(gateway);
  const app = fastify({
    logger: false,
    trustProxy: false,
    routerOptions: { maxParamLength: 512 },
    exposeHeadRoutes: true,
    forceCloseConnections: 'idle',
    serverFactory: (handler) =>
      createNodeServer(gateway, createListener(gateway, { cors, serve, others: handler as RequestListener })),
    clientErrorHandler: onClientError,
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
  const plain = takePlainRequests(app.server, {
    clock: gateway.clock,
    maxHeaderBytes: gateway.limits.maxHeaderBytes,
    ...gateway.server,
    checkEveryMs: checkIntervalMs(gateway),
    welcome: (headers) => welcome(gateway, cors, headers),
    serve,
    onSilent: (socket) => onClientError(new SilentClientError(), socket),
  });
  return { app, connections: new Connections(app.server, plain, gateway.clock) };
}

/** Requests to models go straight to their protocol, which reads their bodies from the socket; Fastify has the rest. */
function createListener(
  gateway: Gateway,
  { cors, serve, others }: { readonly cors: Cors | null; readonly serve: Serve; readonly others: RequestListener },
): RequestListener {
  const stallMs = gateway.server.keepAliveTimeoutMs;
  return (request, response) => {
    const { requestId, headers } = welcome(gateway, cors, request.headers);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const incoming = new NodeIncoming(request, response, { requestId, stallMs });
    if (gateway.isDraining()) incoming.closeAfterwards();
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
    if (data === null) return others(request, response);
    serve(incoming, data);
  };
}

/** The id that a request goes by, and the headers its answer has whatever it is. */
function welcome(gateway: Gateway, cors: Cors | null, request: IncomingHttpHeaders): Welcome {
  const requestId = acceptRequestId(request[REQUEST_ID]) ?? gateway.nextRequestId();
  const headers = { [REQUEST_ID]: requestId, 'x-content-type-options': 'nosniff' };
  return { requestId, headers: cors === null ? headers : { ...headers, ...cors(request.origin) } };
}

/** Takes a request to a model, whichever server has read its head. */
type Serve = (incoming: Incoming, route: DataRoute) => void;

function createServe(gateway: Gateway): Serve {
  const infer = createInfer(gateway);
  const predict = createPredict(gateway);
  return (incoming, route) => {
    if (route.kind === 'infer') exchange(gateway, incoming, infer, route);
    else exchange(gateway, incoming, predict, route);
  };
}

/** Slow clients are looked for so often, but at least four times in the time they are given. */
const MOST_CHECK_MS = 5_000;

function checkIntervalMs({ server }: Gateway): number {
  return Math.min(MOST_CHECK_MS, Math.ceil(server.headersTimeoutMs / 4));
}

function createNodeServer(gateway: Gateway, listener: RequestListener): Server {
  const { server, limits } = gateway;
  const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = server;
  const http = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: checkIntervalMs(gateway),
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
