import type { SupervisedGateway } from './supervised-gateway.js';

/** Which routing table each gateway has. */
export class RoutedGateways {
  readonly #gateways: readonly SupervisedGateway[];
  readonly #revisions = new Map<SupervisedGateway, number>();
  readonly #waiting = new Set<() => void>();

  /** @param gateways - all of them; may be filled later */
  constructor(gateways: readonly SupervisedGateway[]) {
    this.#gateways = gateways;
  }

  heard(gateway: SupervisedGateway, revision: number): void {
    this.#revisions.set(gateway, revision);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Answers once every gateway routes by the table of this revision, or a later one. */
  async reached(revision: number): Promise<void> {
    while (this.#gateways.some((gateway) => (this.#revisions.get(gateway) ?? 0) < revision)) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }
}
