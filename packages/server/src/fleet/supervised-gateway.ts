import type { Clock, Moment } from '@jitney/core';
import type { Condemned, FromGateway, RoutingTable, ToGateway } from '../wire/messages.js';
import { Child, type ChildEnd } from './child.js';
import type { ListeningHandle } from './listening-handle.js';
import { decideRestart, type EndedLife, type RestartSettings, remember } from './restart-policy.js';
import { Watchdog } from './watchdog.js';

export interface GatewaySettings extends RestartSettings {
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
}

/**
 * Room for the young objects of a full house: with Node's 16 MB most of what 128 requests in flight hold is copied twice
 * before it is let go, 9 µs a request of 71 (bench small-json). It grows only under load.
 */
const YOUNG_SPACE = '--max-semi-space-size=32';

/**
 * How much a gateway's memory may grow until all of it is collected: four times, V8's most. By itself it chose some 10 MB
 * for a gateway's small heap, and counts every piece that is read from a socket: a whole collection for each 9 tensors of
 * 600 KB, 0.8 of 2.1 ms a request (docs/design/threads.md).
 */
const GROWTH = '--heap-growing-percent=300';

export interface GatewayOptions {
  readonly id: number;
  readonly module: string;
  /** The gateway's slice of the settings, as plain data. */
  readonly config: unknown;
  readonly listening: ListeningHandle;
  readonly settings: GatewaySettings;
  readonly clock: Clock;
  /** What a new gateway needs to know at once. */
  readonly table: () => RoutingTable;
  readonly condemned: () => readonly Condemned[];
  readonly events: GatewayEvents;
}

export interface GatewayEvents {
  readonly onMessage: (message: FromGateway, gateway: SupervisedGateway) => void;
  /** It listens; `afterEnd` where another process did before. */
  readonly onReady: (gateway: SupervisedGateway, tookMs: number, afterEnd: boolean) => void;
  /** Its process `pid` ended without being told to; another follows after `afterMs`. */
  readonly onEnd: (gateway: SupervisedGateway, pid: number, end: ChildEnd, afterMs: number | null) => void;
  /** It keeps ending before it serves: nothing can be served. */
  readonly onGiveUp: (gateway: SupervisedGateway, end: ChildEnd) => void;
}

/** A gateway over all its lives: replaced at once on the same address when it ends. Hosts stay loaded meanwhile. */
export class SupervisedGateway {
  readonly id: number;
  readonly #options: GatewayOptions;
  #child: Child<ToGateway, FromGateway> | null = null;
  #watchdog: Watchdog | null = null;
  #isStopping = false;
  #startedAtMs: Moment = 0;
  /** Of the process that runs now. */
  #isReady = false;
  #wasEverReady = false;
  #ended: EndedLife[] = [];
  #cancelRestart = () => {};
  #onDrained = () => {};
  #onGone = () => {};

  constructor(options: GatewayOptions) {
    this.id = options.id;
    this.#options = options;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  start(): void {
    const { clock, config, id, module, listening, settings } = this.#options;
    this.#isReady = false;
    this.#startedAtMs = clock.now();
    const child: Child<ToGateway, FromGateway> = new Child({
      module,
      label: `gateway ${id}`,
      env: {},
      flags: [YOUNG_SPACE, GROWTH],
      onMessage: (message) => this.#receive(message),
      onEnd: (end) => this.#lifeEnded(child.pid, end),
    });
    this.#child = child;
    const condemned = this.#options.condemned();
    child.send({ type: 'configure', gatewayId: id, config, condemned, table: this.#options.table() }, listening.handle);
    this.#watchdog = new Watchdog({
      clock,
      intervalMs: settings.heartbeatIntervalMs,
      limits: { heartbeatTimeoutMs: settings.heartbeatTimeoutMs, runTimeoutMs: Number.POSITIVE_INFINITY },
      onStuck: (stuck) => child.killStuck(stuck),
    });
    this.#watchdog.start();
  }

  send(message: ToGateway): void {
    this.#child?.send(message);
  }

  /** Serves on during the delay, then answers what it holds; within `timeoutMs` in all the process is ended. */
  async drain(delayMs: number, timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    this.#isStopping = true;
    this.#cancelRestart();
    const child = this.#child;
    if (child === null) return;
    const gone = new Promise<void>((resolve) => {
      this.#onGone = resolve;
    });
    await new Promise<void>((resolve) => {
      const cancel = clock.at(clock.now() + timeoutMs, resolve);
      this.#onDrained = () => {
        cancel();
        resolve();
      };
      child.send({ type: 'drain', delayMs });
    });
    child.kill('SIGKILL');
    await gone;
  }

  #receive(message: FromGateway): void {
    this.#watchdog?.beat([]);
    if (message.type === 'ready') this.#ready();
    if (message.type === 'drained') this.#onDrained();
    this.#options.events.onMessage(message, this);
  }

  #ready(): void {
    const { clock, events } = this.#options;
    events.onReady(this, clock.now() - this.#startedAtMs, this.#wasEverReady);
    this.#isReady = true;
    this.#wasEverReady = true;
  }

  #lifeEnded(pid: number, end: ChildEnd): void {
    this.#watchdog?.stop();
    this.#child = null;
    this.#onDrained();
    this.#onGone();
    if (!this.#isStopping) this.#restart(pid, end);
  }

  #restart(pid: number, end: ChildEnd): void {
    const { clock, settings, events } = this.#options;
    const life = { atMs: clock.now(), end: end.end, wasReady: this.#isReady, hasServed: this.#isReady };
    this.#ended = remember(this.#ended, life, settings);
    const decision = decideRestart(this.#ended, this.#wasEverReady, settings);
    // Without it nothing is served: one that has served is tried again for ever.
    const patience = this.#wasEverReady ? settings.restartBackoffMaxMs : null;
    const afterMs = decision.state === 'restart' ? decision.afterMs : patience;
    events.onEnd(this, pid, end, afterMs);
    if (afterMs === null) events.onGiveUp(this, end);
    else if (afterMs === 0) this.start();
    else this.#cancelRestart = clock.at(clock.now() + afterMs, () => this.start());
  }
}
