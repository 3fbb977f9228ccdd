import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isLoopback, type LimitsConfig, type ServerConfig } from '../config/index.js';
import { createLog } from '../telemetry/logs.js';
import { createGatewayMetrics } from '../telemetry/metrics.js';
import { realClock } from '../wire/clock.js';
import type { FromGateway, LogSettings, RoutingTable, ToGateway } from '../wire/messages.js';
import { Admission } from './access/admission.js';
import { createAuthorise } from './access/authorise.js';
import { LoopTurns } from './access/loop-turns.js';
import { createOriginCheck } from './access/origin.js';
import { createRequestIds } from './access/request-id.js';
import type { Gateway } from './gateway.js';
import { createHttpFace } from './http-server.js';
import type { Connections } from './protocol/http/connections.js';
import { DataPlane } from './routing/data-plane.js';

/*
 * A gateway: the process that speaks protocols. It is configured over its IPC channel, listens on the handle that came
 * with it, and knows hosts by the routing table alone.
 */

/** Clients that may knock before they are let in. With Node's 511, a burst of new ones waits a second or more to knock again. */
const BACKLOG = 4_096;

type Configure = Extract<ToGateway, { type: 'configure' }>;

/** The settings a gateway is handed. */
export interface GatewayConfig {
  readonly server: ServerConfig;
  readonly limits: LimitsConfig;
  readonly log: LogSettings;
  readonly version: string;
  readonly heartbeatIntervalMs: number;
  readonly maxFrameBytes: number;
}

function send(message: FromGateway): void {
  // A channel that breaks meanwhile is told by 'disconnect'.
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}

async function start(message: Configure, handle: unknown): Promise<void> {
  const config = message.config as GatewayConfig;
  const log = createLog({ ...config.log, name: `gateway ${message.gatewayId}` });
  const admission = new Admission(config.limits);
  const metrics = createGatewayMetrics({
    name: `gateway ${message.gatewayId}`,
    now: realClock.now,
    inFlight: admission,
  });
  const dataPlane = new DataPlane({
    name: `gateway ${message.gatewayId}`,
    clock: realClock,
    limits: { ...config.limits, maxFrameBytes: config.maxFrameBytes },
    onCondemned: (condemned) => send({ type: 'condemned', condemned }),
  });
  for (const condemned of message.condemned) dataPlane.condemn(condemned);
  const route = (table: RoutingTable) => {
    dataPlane.setRoutes(table);
    send({ type: 'routed', revision: table.revision });
  };
  route(message.table);
  const calls = new MetricsCalls();
  let isDraining = false;
  const gateway: Gateway = {
    dataPlane,
    admission,
    turns: new LoopTurns(realClock),
    authorise: createAuthorise(config.server.apiKeySha256),
    checkOrigin: createOriginCheck({
      corsOrigins: config.server.corsOrigins,
      trustsThisMachine: isLoopback(config.server.host) && config.server.apiKeySha256 === null,
    }),
    limits: config.limits,
    server: config.server,
    metrics,
    log,
    clock: realClock,
    version: config.version,
    nextRequestId: createRequestIds(),
    collectMetrics: () => calls.ask(),
    isDraining: () => isDraining,
  };
  const { app, connections } = createHttpFace(gateway);
  // Before anything is awaited: a table that comes meanwhile would be lost.
  process.on('message', (next: ToGateway) => {
    switch (next.type) {
      case 'configure':
        return;
      case 'routes':
        return route(next.table);
      case 'host-ended':
        return dataPlane.hostEnded(next);
      case 'condemned':
        return dataPlane.condemn(next.condemned);
      case 'pardoned':
        return dataPlane.pardon(next.model, next.version);
      case 'metrics':
        return calls.answered(next.callId, next.text);
      case 'collect':
        return void metrics
          .export()
          .then((exported) => send({ type: 'collected', callId: next.callId, metrics: exported }));
      case 'drain':
        isDraining = true;
        return void drain(gateway, connections, next.delayMs);
    }
  });
  await app.ready();
  app.server.once('error', (error) => {
    log.fatal({ err: error }, 'cannot listen');
    process.exit(1);
  });
  app.server.listen(handle as object, BACKLOG, () => send({ type: 'ready', port: config.server.port }));
  startHeartbeat(gateway, config.heartbeatIntervalMs);
}

/** Serves on during the delay, then answers what is in flight. */
async function drain({ clock }: Gateway, connections: Connections, delayMs: number): Promise<void> {
  await new Promise<void>((resolve) => clock.at(clock.now() + delayMs, resolve));
  await connections.finish();
  send({ type: 'drained' });
}

/** Questions to the supervisor that wait for their answer. */
class MetricsCalls {
  readonly #waiting = new Map<number, (text: string) => void>();
  #last = 0;

  ask(): Promise<string> {
    const callId = ++this.#last;
    return new Promise((resolve) => {
      this.#waiting.set(callId, resolve);
      send({ type: 'metrics', callId });
    });
  }

  answered(callId: number, text: string): void {
    this.#waiting.get(callId)?.(text);
    this.#waiting.delete(callId);
  }
}

function startHeartbeat(gateway: Gateway, intervalMs: number): void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  setInterval(() => {
    send({
      type: 'heartbeat',
      loopDelayP99Ms: delay.percentile(99) / 1e6,
      memoryBytes: process.memoryUsage.rss(),
      inFlight: gateway.dataPlane.inFlight,
    });
    delay.reset();
  }, intervalMs);
}

function main(): void {
  process.title = 'jitney gateway';
  // Without its supervisor a gateway can route nothing; another server may want the port.
  process.on('disconnect', () => process.exit(0));
  if (!process.connected) process.exit(0);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  process.once('message', (message: ToGateway, handle: unknown) => {
    if (message.type === 'configure') void start(message, handle);
  });
}

main();
