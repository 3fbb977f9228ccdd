/** Says to a lane that it may be able to start what it could not before. Also what a lane is known by. */
export type Wake = () => void;

/**
 * What the lanes of one process know of each other: how many runs go on, and which lane has the process for itself or
 * waits for it. An entry that may end the process must be alone in it, so that its end blames nobody else.
 */
export class ProcessRuns {
  readonly #lanes: Wake[] = [];
  /** Lanes that need the process for themselves, in the order they asked. Nobody else starts a run while there is one. */
  readonly #claims: Wake[] = [];
  #instances = 0;
  #running = 0;

  /** Most runs that may be in flight, over all lanes. */
  get instances(): number {
    return this.#instances;
  }

  /** Runs in flight, over all lanes. */
  get running(): number {
    return this.#running;
  }

  join(lane: Wake, instances: number): void {
    this.#lanes.push(lane);
    this.#instances += instances;
  }

  /** A run begins. */
  begin(): void {
    this.#running += 1;
  }

  /** A run has ended. */
  end(): void {
    this.#running -= 1;
    if (this.#running === 0) this.#claims[0]?.();
  }

  /** Asks to have the process alone, until `release`. Asking again changes nothing. */
  claim(lane: Wake): void {
    if (!this.#claims.includes(lane)) this.#claims.push(lane);
  }

  /** Gives the process back, or no longer asks for it; nothing for a lane that did neither. */
  release(lane: Wake): void {
    const place = this.#claims.indexOf(lane);
    if (place < 0) return;
    this.#claims.splice(place, 1);
    if (place === 0) for (const wake of this.#lanes) wake();
  }

  /** Another lane has the process, or asked for it before this one. */
  isReservedFrom(lane: Wake): boolean {
    return this.#claims.length > 0 && this.#claims[0] !== lane;
  }
}
