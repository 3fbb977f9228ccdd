import { type Clock, JitneyError } from '@jitney/core';
import type { ErrorFrame, ResultFrame } from '../../wire/frames.js';
import type { Condemned, HostEnd, ModelRoute, RoutingTable } from '../../wire/messages.js';
import type { Answer, Call } from '../call.js';
import { CondemnedRequests } from './condemned-requests.js';
import { type Flight, keyOf } from './flight.js';
import { HostLink } from './host-link.js';
import { decideFate, type Orphan } from './resend.js';
import { RouteIndex } from './route-index.js';
import { refuseUnready } from './unready.js';

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

/**
 * Sends each request to a host of its model and brings back the answer. Every request it takes ends exactly once.
 * When a host ends, its requests go to the next one, run alone, or end, as resend.ts decides.
 */
export class DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #routes = new RouteIndex();
  readonly #links = new Map<string, HostLink>();
  readonly #flights = new Map<number, Flight>();
  readonly #condemned = new CondemnedRequests();
  /** How hosts ended whose connections have not closed yet. */
  readonly #ends = new Map<string, { readonly end: HostEnd; readonly detail: string }>();
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
    const listed = new Set<string>();
    for (const route of table.models) {
      for (const host of route.hosts) {
        listed.add(host.hostId);
        if (!this.#links.has(host.hostId) && !this.#ends.has(host.hostId)) this.#connect(host);
      }
    }
    for (const [hostId, link] of this.#links) if (!listed.has(hostId) && link.load === 0) link.close();
    this.#releaseHeld();
  }

  /** Word from the supervisor of how a host ended. */
  hostEnded(hostId: string, end: HostEnd, detail: string): void {
    this.#ends.set(hostId, { end, detail });
    if (this.#ends.size > 256) this.#ends.delete(this.#ends.keys().next().value as string);
    const orphans = [...this.#flights.values()].filter(
      (flight) => flight.place.at === 'limbo' && flight.place.hostId === hostId,
    );
    this.#decideFates(orphans, end, detail);
  }

  condemn(condemned: Condemned): void {
    this.#condemned.add(condemned);
  }

  /**
   * Takes a request for a version found by `routes`. `settle` is called exactly once, unless the ticket is cancelled.
   * @throws JitneyError when it cannot be taken: the model is not ready, or this very request ended a host before.
   */
  call(route: ModelRoute, call: Call, settle: (answer: Answer | JitneyError) => void): Ticket {
    refuseUnready(route);
    this.#condemned.refuse(route, call.body);
    const flight: Flight = {
      id: ++this.#lastId,
      call,
      model: route.name,
      version: route.version,
      deadlineAtMs: call.deadlineAtMs,
      settle,
      place: { at: 'held', sinceMs: this.#options.clock.now() },
      attempts: 0,
      alone: false,
      wasSuspect: false,
      started: false,
    };
    this.#flights.set(flight.id, flight);
    if (this.#cancelSweep === null) this.#scheduleSweep();
    this.#dispatch(flight);
    return { cancel: () => this.#cancel(flight) };
  }

  close(): void {
    this.#cancelSweep?.();
    for (const link of this.#links.values()) link.close();
  }

  #connect(host: ModelRoute['hosts'][number]): void {
    const { name, limits } = this.#options;
    const link = new HostLink(host.hostId, host.socketPath, name, limits.maxFrameBytes, {
      onAnswer: (flight, frame) => this.#answered(flight, frame),
      onClose: (orphans) => this.#closed(host.hostId, orphans),
    });
    this.#links.set(host.hostId, link);
  }

  #dispatch(flight: Flight): void {
    const route = this.#routes.get(flight.model, flight.version);
    const chosen = route === undefined ? null : this.#leastLoaded(route);
    if (chosen !== null) return chosen.link.send(flight, chosen.target);
    if (flight.place.at !== 'held') flight.place = { at: 'held', sinceMs: this.#options.clock.now() };
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

  /** Held requests go out, or end where their model no longer will be ready. */
  #releaseHeld(): void {
    for (const flight of this.#flights.values()) {
      if (flight.place.at !== 'held') continue;
      const route = this.#routes.get(flight.model, flight.version);
      if (route?.state === 'ready') this.#dispatch(flight);
      else if (route?.state !== 'restarting' && route?.state !== 'loading') this.#end(flight, gone(flight, route));
    }
  }

  #answered(flight: Flight, frame: ResultFrame | ErrorFrame): void {
    if (frame.type === 'error') return this.#end(flight, JitneyError.fromRecord(frame.error));
    const { model, version, attempts } = flight;
    this.#end(flight, { model, version, attempts, body: frame.body, timing: frame.timing });
  }

  #closed(hostId: string, orphans: readonly Flight[]): void {
    this.#links.delete(hostId);
    const known = this.#ends.get(hostId);
    if (known !== undefined) return this.#decideFates(orphans, known.end, known.detail);
    for (const flight of orphans) flight.place = { at: 'limbo', hostId, sinceMs: this.#options.clock.now() };
  }

  #decideFates(orphans: readonly Flight[], end: HostEnd, detail: string): void {
    const runsAreNamed = orphans.some((flight) => flight.started);
    for (const flight of orphans) {
      const progress = flight.started ? 'started' : runsAreNamed ? 'waiting' : 'unknown';
      this.#applyFate(flight, { ...flight, progress }, end, detail);
    }
  }

  #applyFate(flight: Flight, orphan: Orphan, end: HostEnd, detail: string): void {
    const fate = decideFate(orphan, end, this.#options.limits.maxAttempts);
    switch (fate) {
      case 'resend':
      case 'resend-alone':
        flight.alone = fate === 'resend-alone';
        flight.wasSuspect ||= flight.alone;
        return this.#dispatch(flight);
      case 'condemn': {
        const condemned = this.#condemned.condemn(flight, detail);
        this.#options.onCondemned(condemned);
        return this.#end(flight, this.#condemned.errorFor(condemned));
      }
      case 'lose':
        return this.#end(flight, lost(flight, end, detail));
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
    flight.settle(answer);
  }

  #scheduleSweep(): void {
    const { clock } = this.#options;
    this.#cancelSweep = clock.at(clock.now() + SWEEP_MS, () => {
      this.#cancelSweep = null;
      this.#sweep(clock.now());
      if (this.#flights.size > 0) this.#scheduleSweep();
    });
  }

  #sweep(now: number): void {
    for (const flight of this.#flights.values()) {
      const { place } = flight;
      if (now > flight.deadlineAtMs + DEADLINE_GRACE_MS) this.#expire(flight);
      else if (place.at === 'held' && now - place.sinceMs > this.#options.limits.maxHeldMs)
        this.#end(flight, notReady(flight));
      else if (place.at === 'limbo' && now - place.sinceMs > LIMBO_MS)
        this.#decideFates([flight], 'killed', 'without word');
    }
  }

  #expire(flight: Flight): void {
    if (flight.place.at === 'host') flight.place.link.cancel(flight);
    this.#end(flight, new JitneyError('DEADLINE_EXCEEDED', 'Request timeout expired'));
  }
}

function notReady(flight: Flight): JitneyError {
  const text = `'${flight.model}' version ${flight.version} is not at ready state: its host is being replaced`;
  return new JitneyError('MODEL_NOT_READY', text, { retryAfterMs: 1_000 });
}

function gone(flight: Flight, route: ModelRoute | undefined): JitneyError {
  const name = `'${flight.model}' version ${flight.version}`;
  if (route?.state === 'failed')
    return new JitneyError('MODEL_FAILED', `${name} is not at ready state: ${route.reason}`);
  return new JitneyError('MODEL_NOT_FOUND', `${name} is not found: it was unloaded`);
}

function lost(flight: Flight, end: HostEnd, detail: string): JitneyError {
  if (end === 'hung' && flight.started) {
    return new JitneyError('DEADLINE_EXCEEDED', `the run did not return and its host was ended: ${detail}`);
  }
  return new JitneyError(
    'HOST_LOST',
    `${keyOf({ name: flight.model, version: flight.version })}: ${flight.attempts} hosts ended before they answered, the last ${detail}`,
  );
}
