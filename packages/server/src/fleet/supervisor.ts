import type { Clock } from '@jitney/core';
import type { Config } from '../config/index.js';
import type { Log } from '../telemetry/logs.js';
import { mergeMetrics } from '../telemetry/metrics.js';
import { createRuntimeFolder, type RuntimeFolder } from '../wire/address.js';
import type { Condemned, FromGateway, LogSettings, RoutingTable, ToGateway } from '../wire/messages.js';
import { Fleet } from './fleet.js';
import type { FleetModel } from './fleet-model.js';
import { Journal } from './journal.js';
import { createListeningHandle, type ListeningHandle } from './listening-handle.js';
import { MetricsCollector } from './metrics-collector.js';
import { RoutedGateways } from './routed-gateways.js';
import { SupervisedGateway } from './supervised-gateway.js';

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
  /**
   * Serves on during the delay, answers what runs, then ends every process. Asked again it is the same end. Where this
   * process ends instead, its children end with it and nothing is left behind either.
   */
  stop(): Promise<void>;
}

/**
 * Binds the address, starts gateways and hosts, and watches them. Answers once a gateway listens; models may still be
 * loading then.
 * @throws JitneyError `INVALID_CONFIG` when the address cannot be bound.
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const supervisor = new RunningSupervisor(options);
  await supervisor.start();
  return supervisor;
}

/** Requests condemned at most: the oldest is forgotten first. */
const CONDEMNED_KEPT = 256;

class RunningSupervisor implements Supervisor {
  readonly fleet: Fleet;
  readonly failed: Promise<Error>;
  readonly #options: SupervisorOptions;
  readonly #listening: ListeningHandle;
  readonly #runtimeFolder: RuntimeFolder;
  readonly #journal: Journal;
  readonly #gateways: SupervisedGateway[] = [];
  readonly #routed = new RoutedGateways(this.#gateways);
  readonly #collector: MetricsCollector;
  #condemned: readonly Condemned[] = [];
  readonly #listens: Promise<void>;
  #onListens = () => {};
  #onFailed = (_error: Error) => {};
  #ending: Promise<void> | null = null;

  constructor(options: SupervisorOptions) {
    const { config, clock, log } = options;
    this.#options = options;
    this.#listening = createListeningHandle(config.server.host, config.server.port);
    this.#runtimeFolder = createRuntimeFolder();
    this.#journal = new Journal(log);
    this.fleet = this.#createFleet();
    this.#collector = new MetricsCollector(this.#gateways, () => this.fleet.hostFacts(), clock, mergeMetrics);
    this.failed = new Promise((resolve) => {
      this.#onFailed = resolve;
    });
    this.#listens = new Promise((resolve) => {
      this.#onListens = resolve;
    });
    for (let id = 1; id <= config.server.gateways; id++) this.#gateways.push(this.#createGateway(id));
  }

  get host(): string {
    return this.#options.config.server.host;
  }

  get port(): number {
    return this.#listening.port;
  }

  async start(): Promise<void> {
    process.once('exit', this.#runtimeFolder.remove);
    this.fleet.add(this.#options.models);
    for (const gateway of this.#gateways) gateway.start();
    if (this.#gateways.length === 0) return;
    const failure = await Promise.race([this.#listens, this.failed]);
    if (failure === undefined) return;
    await this.stop();
    throw failure;
  }

  async settled(): Promise<void> {
    await this.fleet.settled();
    await this.#routed.reached(this.fleet.table().revision);
  }

  stop(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    const { clock, config } = this.#options;
    const { drainDelayMs, drainTimeoutMs } = config.server;
    // From then on connections are refused, where they would wait for nobody.
    const cancel = clock.at(clock.now() + drainDelayMs, this.#listening.close);
    await Promise.all(this.#gateways.map((gateway) => gateway.drain(drainDelayMs, drainDelayMs + drainTimeoutMs)));
    cancel();
    this.#listening.close();
    await this.fleet.stop();
    this.#runtimeFolder.remove();
    process.off('exit', this.#runtimeFolder.remove);
  }

  #createFleet(): Fleet {
    const { config, clock, modules, logSettings, onRoutes } = this.#options;
    return new Fleet({
      clock,
      hostModule: modules.host,
      sockets: this.#runtimeFolder,
      drainMs: config.server.drainTimeoutMs,
      settings: {
        ...config.supervision,
        maxFrameBytes: maxFrameBytes(config),
        log: logSettings,
        laneTraceFolder: config.log.laneTraceFolder,
      },
      events: {
        onRoutes: (table) => {
          this.#broadcast({ type: 'routes', table });
          onRoutes?.(table);
        },
        onLoaded: (model) => this.#pardon(model.name, model.version),
        onHostReady: (facts, tookMs, afterEnd) => this.#journal.hostReady(facts, tookMs, afterEnd),
        onHostEnd: (ended, facts, aftermath) => {
          this.#broadcast({ type: 'host-ended', ...ended });
          this.#journal.hostEnded(ended, facts, aftermath);
        },
      },
    });
  }

  #createGateway(id: number): SupervisedGateway {
    const { config, clock, modules, logSettings, version } = this.#options;
    return new SupervisedGateway({
      id,
      module: modules.gateway,
      config: {
        server: config.server,
        limits: config.limits,
        log: logSettings,
        version,
        heartbeatIntervalMs: config.supervision.heartbeatIntervalMs,
        maxFrameBytes: maxFrameBytes(config),
      },
      listening: this.#listening,
      clock,
      settings: config.supervision,
      table: () => this.fleet.table(),
      condemned: () => this.#condemned,
      events: {
        onMessage: (message, from) => this.#receive(message, from),
        onReady: ({ pid }, tookMs, afterEnd) => {
          this.#onListens();
          if (afterEnd) this.#journal.gatewayReady(id, pid, tookMs);
        },
        onEnd: (_gateway, pid, end, afterMs) => this.#journal.gatewayEnded(id, pid, end, afterMs),
        onGiveUp: (_gateway, { detail }) =>
          this.#onFailed(new Error(`the gateway keeps ending ${detail} before it serves`)),
      },
    });
  }

  /** Its file may be another one now. */
  #pardon(model: string, version: string): void {
    const kept = this.#condemned.filter((one) => one.model !== model || one.version !== version);
    if (kept.length === this.#condemned.length) return;
    this.#condemned = kept;
    this.#broadcast({ type: 'pardoned', model, version });
  }

  #broadcast(message: ToGateway): void {
    for (const gateway of this.#gateways) gateway.send(message);
  }

  #receive(message: FromGateway, from: SupervisedGateway): void {
    switch (message.type) {
      case 'routed':
        return this.#routed.heard(from, message.revision);
      case 'condemned':
        this.#condemned = [...this.#condemned, message.condemned].slice(-CONDEMNED_KEPT);
        this.#journal.condemned(message.condemned);
        return this.#broadcast(message);
      case 'metrics':
        return this.#collector.collect((text) => from.send({ type: 'metrics', callId: message.callId, text }));
      case 'collected':
        return this.#collector.collected(message.callId, from, message.metrics);
      case 'ready':
      case 'heartbeat':
      case 'drained':
        return;
    }
  }
}

/** A frame holds one body, expanded to its tensors (`[0,0,…]` grows fourfold as INT64), and names around it. */
function maxFrameBytes(config: Config): number {
  return config.limits.maxBodyBytes * 4 + 1024 * 1024;
}
