import { createServer, type Server, type Socket } from 'node:net';
import { type Clock, JitneyError } from '@jitney/core';
import type { RequestFrame } from '../wire/frames.js';
import type { LargeBuffers } from '../wire/large-buffers.js';
import { EntryOrigins } from './entry-origins.js';
import { ExclusiveGate } from './exclusive-gate.js';
import { GatewayPeer } from './gateway-peer.js';
import type { ServedModel } from './served-model.js';
import type { VisitHost } from './visit.js';

export interface RequestServerOptions {
  /** Who speaks, for the other side's log: `host fraud@1`. */
  readonly name: string;
  /** Served models by the target number that frames carry. */
  readonly targets: readonly (ServedModel | undefined)[];
  readonly clock: Clock;
  readonly maxFrameBytes: number;
  /** Where large requests are read into, and large answers may come from. */
  readonly memory: LargeBuffers;
  /** Told of each request, or item of one, that failed, with its cause, for the log. */
  readonly onFailure: (frame: RequestFrame, error: JitneyError) => void;
  /** Told once, of the first request that was answered. */
  readonly onServed?: () => void;
}

/** Answers the requests of any number of gateways over one Unix socket. */
export class RequestServer {
  readonly #options: RequestServerOptions;
  readonly #server: Server;
  readonly #peers = new Set<GatewayPeer>();
  readonly #origins = new EntryOrigins();
  readonly #gate: ExclusiveGate;
  #hasServed = false;
  #onIdle: () => void = () => {};

  constructor(options: RequestServerOptions) {
    this.#options = options;
    this.#gate = new ExclusiveGate(() => this.#runsNothing(), options.clock);
    this.#server = createServer((socket) => this.#connect(socket));
  }

  listen(socketPath: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(socketPath, resolve);
    });
  }

  /** Tells the gateways which requests are in a run that may end this process; written before this returns. */
  announceStart(entryIds: readonly number[]): void {
    const idsByPeer = new Map<VisitHost, number[]>();
    for (const { host, frame } of this.#origins.of(entryIds)) {
      const ids = idsByPeer.get(host);
      if (ids === undefined) idsByPeer.set(host, [frame.id]);
      else ids.push(frame.id);
    }
    for (const peer of this.#peers) {
      const ids = idsByPeer.get(peer);
      if (ids !== undefined) peer.announceStart(ids);
    }
  }

  /**
   * Asks every gateway to send no more, answers what is here and what was on its way, and hangs up. Resolves once the
   * answers are written; what a gateway sends after that it sends to another host.
   */
  async drain(): Promise<void> {
    for (const peer of this.#peers) peer.drain();
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#checkIdle();
    });
    await this.close();
  }

  /** Hangs up once what was sent is written. What still runs is given up. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const peer of this.#peers) peer.close();
    });
  }

  #connect(socket: Socket): void {
    const { name, maxFrameBytes, memory, clock, onFailure } = this.#options;
    const peer = new GatewayPeer(socket, {
      name,
      maxFrameBytes,
      memory,
      clock,
      onFailure,
      origins: this.#origins,
      gate: this.#gate,
      modelAt: (target) => this.#modelAt(target),
      onSettled: ({ state }) => this.#settled(state === 'done'),
      onClose: () => this.#disconnect(peer),
    });
    this.#peers.add(peer);
  }

  #disconnect(peer: GatewayPeer): void {
    this.#peers.delete(peer);
    this.#checkIdle();
  }

  #modelAt(target: number): ServedModel {
    const served = this.#options.targets[target];
    if (served !== undefined) return served;
    throw new JitneyError('MODEL_NOT_READY', `${this.#options.name} has no model at target ${target}`);
  }

  #runsNothing(): boolean {
    return this.#options.targets.every((served) => (served?.lane.stats().oldestRunMs ?? 0) === 0);
  }

  #settled(isDone: boolean): void {
    if (isDone && !this.#hasServed) {
      this.#hasServed = true;
      this.#options.onServed?.();
    }
    this.#checkIdle();
  }

  #checkIdle(): void {
    for (const peer of this.#peers) if (peer.runningRequests > 0) return;
    this.#onIdle();
  }
}
