import { JitneyError } from '@jitney/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Gateway } from '../../gateway.js';
import { errorShapeFor } from './answer.js';
import { dataRoute } from './data-route.js';
import { refuse } from './exchange.js';
import { REQUEST_ID } from './incoming.js';
import { NodeIncoming } from './node-incoming.js';

/** Answers a request of Fastify's with an error, in the shape of the protocol that its path belongs to. */
export function refuseRequest(gateway: Gateway, request: FastifyRequest, reply: FastifyReply, thrown: unknown): void {
  const { raw: response } = reply.hijack();
  const requestId = String(response.getHeader(REQUEST_ID));
  const incoming = new NodeIncoming(request.raw, response, { requestId, stallMs: gateway.server.keepAliveTimeoutMs });
  refuse(gateway, incoming, errorShapeFor(request.url), ourError(thrown));
}

/** What Fastify itself refuses, as an error of ours. */
function ourError(thrown: unknown): JitneyError {
  if (thrown instanceof JitneyError) return thrown;
  const { statusCode = 500, message = String(thrown) } = thrown as { statusCode?: number; message?: string };
  if (statusCode >= 400 && statusCode < 500) return new JitneyError('INVALID_ARGUMENT', message);
  return new JitneyError('INTERNAL', 'a defect of Jitney, see the log', { cause: thrown });
}

/** One answer for a path nobody has, for a method it does not take, and for what a handler throws. Call it first. */
export function answerTheUnknown(app: FastifyInstance, gateway: Gateway): void {
  const routes: { readonly path: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ path: patternOf(url), methods: [method].flat() });
  });
  app.setErrorHandler((thrown, request, reply) => refuseRequest(gateway, request, reply, thrown));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] as string;
    const methods = routes.flatMap((route) => (route.path.test(path) ? route.methods : []));
    if (dataRoute(path) !== null) methods.push('POST');
    if (methods.length === 0) {
      return refuseRequest(gateway, request, reply, new JitneyError('ROUTE_NOT_FOUND', 'Not Found'));
    }
    reply.raw.setHeader('allow', methods.join(', '));
    refuseRequest(gateway, request, reply, new JitneyError('METHOD_NOT_ALLOWED', 'Method Not Allowed'));
  });
}

/** `/v2/models/:model` as the paths it stands for. */
function patternOf(url: string): RegExp {
  return new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`);
}
