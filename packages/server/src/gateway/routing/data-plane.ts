import { type Clock, JitneyError, type Moment } from '@jitney/core';
import type { ErrorFrame, ResultFrame } from '../../wire/frames.js';
import { LargeBuffers } from '../../wire/large-buffers.js';
import type { Condemned, HostEnded, HostRoute, ModelRoute, RoutingTable } from '../../wire/messages.js';
import { NumberMap } from '../../wire/number-map.js';
import type { Answer, Call, Caller } from '../call.js';
import { CondemnedRequests } from './condemned-requests.js';
import { expired, type HostEnd, late, lost, notReady, refuseUnready, timedOut, whyGone } from './endings.js';
import { type Flight, orphansOf } from './flight.js';
import { HostLink } from './host-link.js';
import { decideFate, type Orphan } from './resend.js';
import { RouteIndex } from './route-index.js';

export interface DataPlaneLimits {
  /** Longest wait for a host that is being replaced. */
  readonly maxHeldMs: number;
  /** Hosts a request may see. */
  readonly maxAttempts: number;
  readonly maxFrameBytes: number;
}

export interface DataPlaneOptions {
  /** `gateway 1`: said to the hosts. */
  readonly name: string;
  readonly clock: Clock;
  readonly limits: DataPlaneLimits;
  /** A request ended a host while alone in it. */
  readonly onCondemned: (condemned: Condemned) => void;
}

/** A request under way; it may be given up. */
export interface Ticket {
  cancel(): void;
}

/** Deadlines are the host's to keep; the gateway's look is for hosts that do not answer. */
const SWEEP_MS = 50;
/** The host's own DEADLINE_EXCEEDED, which says more, gets so much of a start. */
const DEADLINE_GRACE_MS = 50;
/** A connection that closed while its host lives: so long is waited for word of an end. */
const LIMBO_MS = 2_000;
const WITHOUT_WORD: HostEnd = { end: 'killed', detail: 'without word', stuckSinceMs: null };
/** Ends of hosts that are remembered. */
const ENDS_KEPT = 256;

/**
 * Sends each request to a host of its model and brings back the answer. Every request it takes ends exactly once.
 * When a host ends, its requests go to the next one, run alone, or end, as resend.ts decides.
 */
export class DataPlane {
  /** Where large answers are read into; for large requests too. Whoever is done with a body gives it back. */
  readonly memory = new LargeBuffers();
  readonly #options: DataPlaneOptions;
  readonly #routes = new RouteIndex();
  readonly #links = new Map<string, HostLink>();
  readonly #flights = new NumberMap<Flight>();
  readonly #condemned = new CondemnedRequests();
  /** How hosts ended, the latest of them: their connections may close before or after the word of it. */
  readonly #ends = new Map<string, HostEnd>();
  /** Hosts of the routing table, by id. */
  #listed = new Map<string, HostRoute>();
  #lastId = 0;
  #cancelSweep: (() => void) | null = null;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
  }

  get routes(): RouteIndex {
    return this.#routes;
  }

  get inFlight(): number {
    return this.#flights.size;
  }

  setRoutes(table: RoutingTable): void {
    this.#routes.replace(table);
    this.#listed = new Map(table.models.flatMap(({ hosts }) => hosts.map((host) => [host.hostId, host])));
    this.#connect();
    for (const [hostId, link] of this.#links) if (!this.#listed.has(hostId)) link.drain();
    this.#releaseHeld();
  }

  /** Word from the supervisor of how a host ended. */
  hostEnded({ hostId, ...end }: HostEnded): void {
    this.#ends.set(hostId, end);
    if (this.#ends.size > ENDS_KEPT) this.#ends.delete(this.#ends.keys().next().value as string);
    const orphans = this.#flights.values().filter(({ place }) => place.at === 'limbo' && place.hostId === hostId);
    this.#decideFates(orphans, end);
  }

  condemn(condemned: Condemned): void {
    this.#condemned.add(condemned);
  }

  /** Forgets what was condemned for this version. */
  pardon(model: string, version: string): void {
    this.#condemned.forget(model, version);
  }

  /**
   * Takes a request for a version found by `routes`. The caller is told exactly once, unless the ticket is cancelled.
   * @throws JitneyError when it cannot be taken: the model is not ready, or this very request ended a host before.
   */
  call(route: ModelRoute, call: Call, caller: Caller): Ticket {
    refuseUnready(route);
    this.refuseLate(route, call.deadlineAtMs);
    this.#condemned.refuse(route, call.body);
    const flight: Flight = {
      id: ++this.#lastId,
      call,
      model: route.name,
      version: route.version,
      caller,
      place: { at: 'held', sinceMs: this.#options.clock.now() },
      target: 0,
      attempts: 0,
      alone: false,
      wasSuspect: false,
      startedAtMs: null,
    };
    this.#flights.set(flight.id, flight);
    if (this.#cancelSweep === null) this.#scheduleSweep();
    this.#dispatch(flight);
    return { cancel: () => this.#cancel(flight) };
  }

  /**
   * Refuses what cannot be in time by what the hosts last said of their queues. The host has the last word; this one comes
   * before the body is parsed and sent.
   * @throws JitneyError `QUEUE_FULL`, or `DEADLINE_EXCEEDED` for what is late already
   */
  refuseLate(route: ModelRoute, deadlineAtMs: Moment): void {
    const now = this.#options.clock.now();
    const leftMs = deadlineAtMs - now;
    if (leftMs <= 0) throw expired(-leftMs);
    let leastMs = Number.POSITIVE_INFINITY;
    for (const { hostId, target } of route.hosts) {
      const link = this.#links.get(hostId);
      if (link !== undefined && !link.isDraining) leastMs = Math.min(leastMs, link.expectedWaitMs(target, now));
    }
    if (leastMs > leftMs && leastMs < Number.POSITIVE_INFINITY) throw late(route, leastMs, leftMs);
  }

  close(): void {
    this.#cancelSweep?.();
    for (const link of this.#links.values()) link.close();
  }

  /** To each host of the table; also again, where a connection closed whose host lives. */
  #connect(): void {
    for (const { hostId, socketPath } of this.#listed.values()) {
      if (this.#links.has(hostId) || this.#ends.has(hostId)) continue;
      const { name, clock, limits } = this.#options;
      const link: HostLink = new HostLink({
        hostId,
        socketPath,
        name,
        clock,
        memory: this.memory,
        maxFrameBytes: limits.maxFrameBytes,
        events: {
          onAnswer: (flight, frame) => this.#answered(flight, frame),
          onClose: (orphans, wasConnected) => this.#closed(hostId, orphans, wasConnected),
        },
      });
      this.#links.set(hostId, link);
    }
  }

  #dispatch(flight: Flight): void {
    const route = this.#routes.get(flight.model, flight.version);
    const gone = whyGone(flight, route);
    if (gone !== null) return this.#end(flight, gone);
    const chosen = route === undefined ? null : this.#leastLoaded(route);
    if (chosen !== null) return this.#send(flight, chosen);
    if (flight.place.at !== 'held') flight.place = { at: 'held', sinceMs: this.#options.clock.now() };
  }

  #send(flight: Flight, { link, target }: { readonly link: HostLink; readonly target: number }): void {
    try {
      link.send(flight, target);
    } catch (thrown) {
      this.#end(flight, JitneyError.from(thrown));
    }
  }

  #leastLoaded(route: ModelRoute): { readonly link: HostLink; readonly target: number } | null {
    let best: { link: HostLink; target: number } | null = null;
    for (const host of route.hosts) {
      const link = this.#links.get(host.hostId);
      if (link === undefined || link.isDraining) continue;
      if (best === null || link.load < best.link.load) best = { link, target: host.target };
    }
    return best;
  }

  /** Held requests go out, or end where their version no longer will be ready. */
  #releaseHeld(): void {
    for (const flight of this.#flights.values()) if (flight.place.at === 'held') this.#dispatch(flight);
  }

  #answered(flight: Flight, frame: ResultFrame | ErrorFrame): void {
    if (frame.type === 'error') return this.#end(flight, JitneyError.fromRecord(frame.error));
    const { model, version, attempts } = flight;
    this.#end(flight, { model, version, attempts, body: frame.body, timing: frame.timing });
  }

  #closed(hostId: string, orphans: readonly Flight[], wasConnected: boolean): void {
    this.#links.delete(hostId);
    if (!wasConnected) return this.#takeBack(orphans);
    const end = this.#ends.get(hostId);
    if (end !== undefined) return this.#decideFates(orphans, end);
    for (const flight of orphans) flight.place = { at: 'limbo', hostId, sinceMs: this.#options.clock.now() };
  }

  /** Nobody has had them: the host was gone before the word of it came. */
  #takeBack(flights: readonly Flight[]): void {
    for (const flight of flights) {
      flight.attempts -= 1;
      flight.place = { at: 'held', sinceMs: this.#options.clock.now() };
      this.#dispatch(flight);
    }
  }

  #decideFates(flights: readonly Flight[], end: HostEnd): void {
    for (const [flight, orphan] of orphansOf(flights, end.stuckSinceMs)) this.#decideFate(flight, orphan, end);
  }

  #decideFate(flight: Flight, orphan: Orphan, end: HostEnd): void {
    const fate = decideFate(orphan, end.end, this.#options.limits.maxAttempts);
    switch (fate) {
      case 'resend':
      case 'resend-alone':
        flight.alone = fate === 'resend-alone';
        flight.wasSuspect ||= flight.alone;
        return this.#dispatch(flight);
      case 'condemn': {
        const condemned = this.#condemned.condemn(flight, end.detail);
        this.#options.onCondemned(condemned);
        return this.#end(flight, this.#condemned.errorFor(condemned));
      }
      case 'lose':
        return this.#end(flight, lost(flight, end));
    }
  }

  #cancel(flight: Flight): void {
    if (flight.place.at === 'host') flight.place.link.cancel(flight);
    flight.place = { at: 'done' };
    this.#flights.delete(flight.id);
  }

  #end(flight: Flight, answer: Answer | JitneyError): void {
    if (flight.place.at === 'done') return;
    flight.place = { at: 'done' };
    this.#flights.delete(flight.id);
    flight.caller.settle(answer);
  }

  #scheduleSweep(): void {
    const { clock } = this.#options;
    this.#cancelSweep = clock.at(clock.now() + SWEEP_MS, () => {
      this.#cancelSweep = null;
      this.#sweep(clock.now());
      if (this.#flights.size > 0) this.#scheduleSweep();
    });
  }

  #sweep(now: Moment): void {
    this.#connect();
    for (const flight of this.#flights.values()) {
      const { place, call } = flight;
      if (now > call.deadlineAtMs + DEADLINE_GRACE_MS) this.#expire(flight);
      else if (place.at === 'held' && now - place.sinceMs > this.#options.limits.maxHeldMs)
        this.#end(flight, notReady(flight));
      else if (place.at === 'held') this.#dispatch(flight);
      else if (place.at === 'limbo' && now - place.sinceMs > LIMBO_MS) this.#decideFates([flight], WITHOUT_WORD);
    }
  }

  #expire(flight: Flight): void {
    if (flight.place.at === 'host') flight.place.link.cancel(flight);
    this.#end(flight, timedOut());
  }
}
