import type { Clock, Moment } from '@jitney/core';

interface Alarm {
  readonly atMs: Moment;
  readonly callback: () => void;
}

/** Time that moves only when a test moves it. */
export class ManualClock implements Clock {
  #now: Moment = 1_000;
  #soon: (() => void)[] = [];
  readonly #alarms = new Set<Alarm>();

  now(): Moment {
    return this.#now;
  }

  at(atMs: Moment, callback: () => void): () => void {
    const alarm = { atMs, callback };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  /** Alarms that are set. */
  get alarms(): number {
    return this.#alarms.size;
  }

  get isTurnAwaited(): boolean {
    return this.#soon.length > 0;
  }

  /** Ends the turn of the event loop: what was put off comes, and what that puts off, until nothing is left. */
  turn(): void {
    while (this.#soon.length > 0) this.nextTurn();
  }

  /** Ends one turn; what is put off meanwhile stays. */
  nextTurn(): void {
    for (const callback of this.#soon.splice(0)) callback();
  }

  /** Time passes without the loop: what is due comes later. */
  pass(ms: number): void {
    this.#now += ms;
  }

  /** Time passes, and alarms ring at their moments. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#nextAlarm(end); next !== undefined; next = this.#nextAlarm(end)) {
      this.#alarms.delete(next);
      this.#now = Math.max(this.#now, next.atMs);
      next.callback();
    }
    this.#now = end;
  }

  #nextAlarm(until: Moment): Alarm | undefined {
    const due = [...this.#alarms].filter(({ atMs }) => atMs <= until);
    return due.sort((a, b) => a.atMs - b.atMs)[0];
  }
}
