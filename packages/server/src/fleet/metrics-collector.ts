import type { Clock } from '@jitney/core';
import type { HostFacts } from '../wire/messages.js';
import type { SupervisedGateway } from './supervised-gateway.js';

/** A gateway that does not answer within this is left out of the sum. */
const COLLECT_TIMEOUT_MS = 500;

interface Round {
  readonly missing: Set<SupervisedGateway>;
  readonly collected: unknown[];
  readonly finish: () => void;
}

/** Asks every gateway for its metrics and merges them with what the supervisor knows of the hosts. */
export class MetricsCollector {
  readonly #gateways: readonly SupervisedGateway[];
  readonly #hostFacts: () => readonly HostFacts[];
  readonly #clock: Clock;
  readonly #merge: (gateways: readonly unknown[], hosts: readonly HostFacts[]) => Promise<string>;
  readonly #rounds = new Map<number, Round>();
  #lastRound = 0;

  constructor(
    gateways: readonly SupervisedGateway[],
    hostFacts: () => readonly HostFacts[],
    clock: Clock,
    merge: (gateways: readonly unknown[], hosts: readonly HostFacts[]) => Promise<string>,
  ) {
    this.#gateways = gateways;
    this.#hostFacts = hostFacts;
    this.#clock = clock;
    this.#merge = merge;
  }

  collect(answer: (text: string) => void): void {
    const id = ++this.#lastRound;
    const collected: unknown[] = [];
    const finish = () => {
      if (!this.#rounds.delete(id)) return;
      cancelTimer();
      this.#merge(collected, this.#hostFacts()).then(answer, (error: unknown) => answer(`# ${String(error)}\n`));
    };
    const cancelTimer = this.#clock.at(this.#clock.now() + COLLECT_TIMEOUT_MS, finish);
    this.#rounds.set(id, { missing: new Set(this.#gateways), collected, finish });
    for (const gateway of this.#gateways) gateway.send({ type: 'collect', callId: id });
  }

  collected(id: number, from: SupervisedGateway, metrics: unknown): void {
    const round = this.#rounds.get(id);
    if (!round?.missing.delete(from)) return;
    round.collected.push(metrics);
    if (round.missing.size === 0) round.finish();
  }
}
