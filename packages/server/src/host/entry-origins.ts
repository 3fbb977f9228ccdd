import { NumberMap } from '../wire/number-map.js';
import type { Visit } from './visit.js';

/** Which request each lane entry belongs to, while that request is in the host. Gives entries their numbers. */
export class EntryOrigins {
  readonly #visits = new NumberMap<Visit>();
  #lastId = 0;

  /** A number that no other entry in this process has or had. */
  add(visit: Visit): number {
    this.#lastId += 1;
    this.#visits.set(this.#lastId, visit);
    return this.#lastId;
  }

  remove(entryId: number): void {
    this.#visits.delete(entryId);
  }

  /** The requests of these entries; those that have ended are left out. */
  of(entryIds: readonly number[]): ReadonlySet<Visit> {
    const visits = new Set<Visit>();
    for (const id of entryIds) {
      const visit = this.#visits.get(id);
      if (visit !== undefined) visits.add(visit);
    }
    return visits;
  }
}
