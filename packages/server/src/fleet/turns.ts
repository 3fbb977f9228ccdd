/** Lets changes of one thing follow one another, while those of other things go on beside them. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `change` once those asked for before with the same name are over, however they ended. */
  take<T>(name: string, change: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const mine = before.then(change, change);
    this.#last.set(name, mine);
    const forget = () => {
      if (this.#last.get(name) === mine) this.#last.delete(name);
    };
    mine.then(forget, forget);
    return mine;
  }
}
