import type { Clock, Moment } from '@jitney/core';
import type { Condemned, FromGateway, RoutingTable, ToGateway } from '../wire/messages.js';
import { Child, type ChildEnd } from './child.js';
import type { ListeningHandle } from './listening-handle.js';
import { decideRestart, type RestartSettings } from './restart-policy.js';

/**
 * Room for the young objects of a full house: with Node's 16 MB most of what 128 requests in flight hold is copied twice
 * before it is let go, 9 µs a request of 71 (bench small-json). It grows only under load.
 */
const GATEWAY_FLAGS = ['--max-semi-space-size=32'];

export interface GatewayOptions {
  readonly id: number;
  readonly module: string;
  /** The gateway's slice of the settings, as plain data. */
  readonly config: unknown;
  readonly listening: ListeningHandle;
  readonly heartbeatTimeoutMs: number;
  readonly restart: RestartSettings;
  readonly clock: Clock;
  /** What a new gateway needs to know at once. */
  readonly table: () => RoutingTable;
  readonly condemned: () => readonly Condemned[];
  readonly onMessage: (message: FromGateway, gateway: SupervisedGateway) => void;
  readonly onEnd: (gateway: SupervisedGateway, end: ChildEnd) => void;
  /** It keeps ending before it serves: nothing can be served. */
  readonly onGiveUp: (gateway: SupervisedGateway, end: ChildEnd) => void;
}

/** A gateway over all its lives: replaced at once on the same address when it ends. Hosts stay loaded meanwhile. */
export class SupervisedGateway {
  readonly id: number;
  readonly #options: GatewayOptions;
  #child: Child<ToGateway, FromGateway> | null = null;
  #isStopping = false;
  #isReady = false;
  /** Ends before it was ready. */
  #ends: Moment[] = [];
  #lastBeatAtMs: Moment = 0;
  #cancelTimer: () => void = () => {};
  #drained: (() => void) | null = null;
  lives = 0;
  memoryBytes = 0;

  constructor(options: GatewayOptions) {
    this.id = options.id;
    this.#options = options;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  start(): void {
    const { clock, config, id, module, listening } = this.#options;
    this.lives += 1;
    this.#isReady = false;
    this.#lastBeatAtMs = clock.now();
    const child = new Child<ToGateway, FromGateway>({
      module,
      label: `gateway ${id}`,
      env: {},
      flags: GATEWAY_FLAGS,
      onMessage: (message) => this.#receive(message),
      onEnd: (end) => this.#ended(child, end),
    });
    this.#child = child;
    const condemned = this.#options.condemned();
    child.send({ type: 'configure', gatewayId: id, config, condemned, table: this.#options.table() }, listening.handle);
    this.#watch(child);
  }

  send(message: ToGateway): void {
    this.#child?.send(message);
  }

  /** Answers once what it holds is answered and the delay is over; then the process is ended. */
  async drain(delayMs: number, timeoutMs: number): Promise<void> {
    const child = this.#child;
    this.#isStopping = true;
    if (child === null) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.at(this.#options.clock.now() + timeoutMs, resolve);
      this.#drained = () => {
        cancel();
        resolve();
      };
      child.send({ type: 'drain', delayMs });
    });
    this.#cancelTimer();
    child.kill('SIGKILL');
  }

  #receive(message: FromGateway): void {
    this.#lastBeatAtMs = this.#options.clock.now();
    if (message.type === 'heartbeat') this.memoryBytes = message.memoryBytes;
    if (message.type === 'ready') this.#isReady = true;
    if (message.type === 'drained') this.#drained?.();
    this.#options.onMessage(message, this);
  }

  #watch(child: Child<ToGateway, FromGateway>): void {
    const { clock, heartbeatTimeoutMs } = this.#options;
    this.#cancelTimer = clock.at(clock.now() + heartbeatTimeoutMs / 2, () => {
      const silentMs = clock.now() - this.#lastBeatAtMs;
      if (silentMs > heartbeatTimeoutMs) child.killHung(`its event loop did not turn for ${Math.round(silentMs)} ms`);
      else this.#watch(child);
    });
  }

  #ended(child: Child<ToGateway, FromGateway>, end: ChildEnd): void {
    if (child !== this.#child) return;
    this.#cancelTimer();
    this.#child = null;
    this.#drained?.();
    this.#options.onEnd(this, end);
    if (!this.#isStopping) this.#restart(end);
  }

  #restart(end: ChildEnd): void {
    const { clock, restart, onGiveUp } = this.#options;
    if (this.#isReady) return this.start();
    this.#ends.push(clock.now());
    const decision = decideRestart(this.#ends, restart);
    if (decision.state === 'give-up') return onGiveUp(this, end);
    this.#cancelTimer = clock.at(clock.now() + decision.afterMs, () => this.start());
  }
}
