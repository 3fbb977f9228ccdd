import type { Clock } from '@jitney/core';
import type { Config } from '../config/index.js';
import type { Log } from '../telemetry/logs.js';
import { mergeMetrics } from '../telemetry/metrics.js';
import { createRuntimeFolder } from '../wire/address.js';
import type { Condemned, FromGateway, LogSettings, RoutingTable } from '../wire/messages.js';
import type { ChildEnd } from './child.js';
import { Fleet, type FleetModel } from './fleet.js';
import { createListeningHandle, type ListeningHandle } from './listening-handle.js';
import { MetricsCollector } from './metrics-collector.js';
import { SupervisedGateway } from './supervised-gateway.js';
import type { HostSettings } from './supervised-host.js';

export interface SupervisorOptions {
  readonly config: Config;
  readonly models: readonly FleetModel[];
  /** Jitney's own version, for metadata. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How the children log: the supervisor has resolved `auto`. */
  readonly logSettings: LogSettings;
  /** Absolute paths of the modules that the processes run. */
  readonly modules: { readonly gateway: string; readonly host: string };
  readonly onRoutes?: (table: RoutingTable) => void;
  readonly onStage?: (model: string, stage: string) => void;
}

/** Everything that runs, seen from above. */
export interface Supervisor {
  readonly fleet: Fleet;
  readonly host: string;
  readonly port: number;
  /** Resolves once no model is loading any more and every gateway knows. */
  settled(): Promise<void>;
  /** Fires once when nothing can be served any more. */
  readonly failed: Promise<Error>;
  /** Answers what runs, serves on during the delay, then ends every process. */
  stop(): Promise<void>;
}

/** Requests condemned at most: the oldest is forgotten first. */
const CONDEMNED_KEPT = 256;

/**
 * Binds the address, starts gateways and hosts, and watches them. Answers once a gateway listens; models may still be
 * loading then.
 * @throws JitneyError `INVALID_CONFIG` when the address cannot be bound.
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const { config, clock, log } = options;
  const listening = createListeningHandle(config.server.host, config.server.port);
  const runtimeFolder = createRuntimeFolder();
  const gateways: SupervisedGateway[] = [];
  const condemned: Condemned[] = [];
  const broadcast: SupervisedGateway['send'] = (message) => {
    for (const gateway of gateways) gateway.send(message);
  };
  const fleet = new Fleet({
    clock,
    hostModule: options.modules.host,
    socketPathFor: (hostId) => runtimeFolder.socketPath(hostId),
    drainMs: config.server.drainTimeoutMs,
    settings: hostSettings(options),
    events: {
      onRoutes: (table) => {
        broadcast({ type: 'routes', table });
        options.onRoutes?.(table);
      },
      onHostEnd: (hostId, end) => {
        logHostEnd(log, hostId, end);
        broadcast({ type: 'host-ended', hostId, end: end.end, detail: end.detail });
      },
      onStage: (model, stage) => options.onStage?.(model, stage),
    },
  });
  const collector = new MetricsCollector(gateways, () => fleet.hostFacts(), clock, mergeMetrics);
  const routed = new RoutedGateways(gateways);
  let onReady = () => {};
  let onGiveUp = (_error: Error) => {};
  const ready = new Promise<void>((resolve) => {
    onReady = resolve;
  });
  const failed = new Promise<Error>((resolve) => {
    onGiveUp = resolve;
  });

  function receive(message: FromGateway, from: SupervisedGateway): void {
    switch (message.type) {
      case 'ready':
        return onReady();
      case 'routed':
        return routed.heard(from, message.revision);
      case 'condemned':
        condemned.push(message.condemned);
        if (condemned.length > CONDEMNED_KEPT) condemned.shift();
        log.error({ ...message.condemned }, 'a request that ends its host is refused from now on');
        return broadcast({ type: 'condemned', condemned: message.condemned });
      case 'metrics':
        return collector.collect((text) => from.send({ type: 'metrics', callId: message.callId, text }));
      case 'collected':
        return collector.collected(message.callId, from, message.metrics);
      case 'heartbeat':
      case 'drained':
        return;
    }
  }

  for (let id = 1; id <= config.server.gateways; id++) {
    gateways.push(
      createGateway(id, options, listening, { fleet, condemned, receive, onGiveUp: (error) => onGiveUp(error) }),
    );
  }
  fleet.add(options.models);
  for (const gateway of gateways) gateway.start();
  if (gateways.length > 0) await Promise.race([ready, failed.then((error) => Promise.reject(error))]);

  return {
    fleet,
    host: config.server.host,
    port: listening.port,
    failed,
    settled: async () => {
      await fleet.settled();
      await routed.reached(fleet.table().revision);
    },
    stop: async () => {
      const { drainDelayMs, drainTimeoutMs } = config.server;
      await Promise.all(gateways.map((gateway) => gateway.drain(drainDelayMs, drainDelayMs + drainTimeoutMs)));
      listening.close();
      await fleet.stop();
      runtimeFolder.remove();
    },
  };
}

/** Which routing table each gateway has. */
class RoutedGateways {
  readonly #gateways: readonly SupervisedGateway[];
  readonly #revisions = new Map<SupervisedGateway, number>();
  readonly #waiting = new Set<() => void>();

  constructor(gateways: readonly SupervisedGateway[]) {
    this.#gateways = gateways;
  }

  heard(gateway: SupervisedGateway, revision: number): void {
    this.#revisions.set(gateway, revision);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  async reached(revision: number): Promise<void> {
    while (this.#gateways.some((gateway) => (this.#revisions.get(gateway) ?? 0) < revision)) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }
}

function createGateway(
  id: number,
  options: SupervisorOptions,
  listening: ListeningHandle,
  around: {
    readonly fleet: Fleet;
    readonly condemned: readonly Condemned[];
    readonly receive: (message: FromGateway, from: SupervisedGateway) => void;
    readonly onGiveUp: (error: Error) => void;
  },
): SupervisedGateway {
  const { config, clock, log, modules } = options;
  return new SupervisedGateway({
    id,
    module: modules.gateway,
    config: {
      server: config.server,
      limits: config.limits,
      log: options.logSettings,
      version: options.version,
      heartbeatIntervalMs: config.supervision.heartbeatIntervalMs,
      maxFrameBytes: maxFrameBytes(config),
    },
    listening,
    clock,
    heartbeatTimeoutMs: config.supervision.heartbeatTimeoutMs,
    restart: config.supervision,
    table: () => around.fleet.table(),
    condemned: () => around.condemned,
    onMessage: around.receive,
    onEnd: (gateway, end) =>
      log.error({ gateway: gateway.id, end: end.end }, `gateway ${gateway.id} ended ${end.detail}`),
    onGiveUp: (_gateway, end) => around.onGiveUp(new Error(`the gateway keeps ending ${end.detail} before it serves`)),
  });
}

function hostSettings({ config, logSettings }: SupervisorOptions): HostSettings {
  return { ...config.supervision, maxFrameBytes: maxFrameBytes(config), log: logSettings, threadPoolSize: 8 };
}

/** A frame holds one body, expanded to its tensors (`[0,0,…]` grows fourfold as INT64), and names around it. */
function maxFrameBytes(config: Config): number {
  return config.limits.maxBodyBytes * 4 + 1024 * 1024;
}

function logHostEnd(log: Log, hostId: string, end: ChildEnd): void {
  const line = { hostId, end: end.end };
  if (end.end === 'killed') log.warn(line, `host ${hostId} ended ${end.detail}`);
  else log.error(line, `host ${hostId} ended ${end.detail}`);
}
