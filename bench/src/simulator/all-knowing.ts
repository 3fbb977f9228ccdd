/*
 * What the best schedule reaches that knows every arrival and every run time in advance: the most requests that one
 * instance can answer in time, exactly, for requests of one row that all have the same time S.
 *
 * Let requests 0 … n-1 arrive at r_0 ≤ r_1 ≤ …, so that their deadlines d_i = r_i + S come in the same order, and let a
 * run of b take t(b), which grows with b, for all of its requests. Any schedule can be changed, without answering fewer
 * in time, until
 *
 * 1. those that are answered run in the order of their arrival: where i < j but j's run comes before i's, the two change
 *    seats. The earlier run begins after r_j ≥ r_i and ends before the later one, that is by d_i; the later run ends by
 *    d_i ≤ d_j and begins after the earlier one.
 * 2. every run is made of neighbours i, i+1 … i+b-1: where the run's first is i and some k between its requests is left
 *    out, k takes the seat of the run's last. It has arrived before the last one, and d_k ≥ d_i, by which the run ends.
 *    Should the last one now be wanted by nobody, nothing is lost; later runs hold later requests still.
 * 3. every run begins as soon as the instance is free and its last request is there: what begins earlier ends earlier.
 *
 * So a schedule is a sequence of steps over the requests: leave out request i, or run i … i+b-1, beginning at
 * max(free, r_{i+b-1}), if that ends by d_i. What lies behind matters to what lies ahead by two numbers alone: how many
 * were answered, and when the instance is free. For each i and each number answered the earliest such moment is kept: a
 * dynamic program that leaves nothing out.
 *
 * A state is given up only where another one at the same i is as good for sure: one that has answered K more and is free
 * w later (what is free before r_i might as well be free at r_i) can idle until then and follow the other's plan from there on, which loses only the runs the other one begins
 * within w. All but the last of these also end within w, so they answer at most w · μ + b̂, with b̂ the largest run and
 * μ the largest b / t(b).
 */

export interface KnownRequests {
  /** Ascending, ms. */
  readonly atMs: ArrayLike<number>;
  /** Time from arrival to answer within which an answer counts, in ms. */
  readonly sloMs: number;
  readonly maxRows: number;
  /** Time of a run of so many rows, the same whenever it begins; may not shrink as rows are added. */
  readonly runMs: (rows: number) => number;
}

/** The largest number of requests that any schedule on one instance answers in time. */
export function mostInTime(requests: KnownRequests): number {
  const program = new Program(requests);
  for (let index = 0; index < requests.atMs.length; index++) program.step(index);
  return program.most;
}

/**
 * No schedule answers more in time, and it takes one pass: each request by itself, in the largest run's time a request.
 * The requests of a run, one after the other within its time, are in time that way, too, and as all have equal times and
 * the same order of arrivals and deadlines, taking each that can still be in time answers the most. Close where S is many
 * runs.
 */
export function boundInTime({ atMs, sloMs, maxRows, runMs }: KnownRequests): number {
  const eachMs = leastMsARow(maxRows, runMs);
  let freeAtMs = Number.NEGATIVE_INFINITY;
  let answered = 0;
  for (let index = 0; index < atMs.length; index++) {
    const endsAtMs = Math.max(freeAtMs, atMs[index]!) + eachMs;
    if (endsAtMs > atMs[index]! + sloMs) continue;
    freeAtMs = endsAtMs;
    answered += 1;
  }
  return answered;
}

function leastMsARow(maxRows: number, runMs: KnownRequests['runMs']): number {
  let least = Number.POSITIVE_INFINITY;
  for (let rows = 1; rows <= maxRows; rows++) least = Math.min(least, runMs(rows) / rows);
  return least;
}

const NEVER = Number.POSITIVE_INFINITY;

/** States before one request: by the number answered so far, when the instance is free. */
interface Front {
  lowest: number;
  highest: number;
  readonly freeAtMs: Float64Array;
}

class Program {
  readonly #atMs: ArrayLike<number>;
  readonly #sloMs: number;
  readonly #maxRows: number;
  readonly #runMs: Float64Array;
  readonly #mostPerMs: number;
  /** Of the request at hand and the next maxRows; a run reaches no further. */
  readonly #fronts: readonly Front[];

  constructor({ atMs, sloMs, maxRows, runMs }: KnownRequests) {
    this.#atMs = atMs;
    this.#sloMs = sloMs;
    this.#maxRows = Math.min(maxRows, atMs.length);
    this.#runMs = Float64Array.from({ length: this.#maxRows + 1 }, (_, rows) => (rows === 0 ? 0 : runMs(rows)));
    this.#mostPerMs = 1 / leastMsARow(this.#maxRows, runMs);
    this.#fronts = Array.from({ length: this.#maxRows + 1 }, () => emptyFront(atMs.length));
    put(this.#frontAt(0), 0, Number.NEGATIVE_INFINITY);
  }

  /** Once every request was stepped over. */
  get most(): number {
    return this.#frontAt(this.#atMs.length).highest;
  }

  /** From the states before a request to those behind it, or behind a run that begins with it. */
  step(index: number): void {
    const front = this.#frontAt(index);
    this.#prune(front, this.#atMs[index]!);
    for (let answered = front.lowest; answered <= front.highest; answered++) {
      const freeAtMs = front.freeAtMs[answered]!;
      if (freeAtMs === NEVER) continue;
      put(this.#frontAt(index + 1), answered, freeAtMs);
      this.#runFrom(index, answered, freeAtMs);
    }
    clear(front);
  }

  #runFrom(index: number, answered: number, freeAtMs: number): void {
    const deadlineAtMs = this.#atMs[index]! + this.#sloMs;
    const most = Math.min(this.#maxRows, this.#atMs.length - index);
    for (let rows = 1; rows <= most; rows++) {
      const endsAtMs = Math.max(freeAtMs, this.#atMs[index + rows - 1]!) + this.#runMs[rows]!;
      // Larger runs end no earlier.
      if (endsAtMs > deadlineAtMs) return;
      put(this.#frontAt(index + rows), answered + rows, endsAtMs);
    }
  }

  /** Gives up what another state with more answered makes up for. Nothing that lies ahead begins before `fromMs`. */
  #prune({ lowest, highest, freeAtMs }: Front, fromMs: number): void {
    let best = highest;
    freeAtMs[highest] = Math.max(fromMs, freeAtMs[highest]!);
    for (let answered = highest - 1; answered >= lowest; answered--) {
      if (freeAtMs[answered]! < fromMs) freeAtMs[answered] = fromMs;
      const isNoEarlier = freeAtMs[answered]! >= freeAtMs[best]!;
      const laterMs = freeAtMs[highest]! - freeAtMs[answered]!;
      if (isNoEarlier || highest - answered >= laterMs * this.#mostPerMs + this.#maxRows) freeAtMs[answered] = NEVER;
      else best = answered;
    }
  }

  #frontAt(index: number): Front {
    return this.#fronts[index % this.#fronts.length]!;
  }
}

function emptyFront(requests: number): Front {
  return { lowest: NEVER, highest: 0, freeAtMs: new Float64Array(requests + 1).fill(NEVER) };
}

function put(front: Front, answered: number, freeAtMs: number): void {
  if (freeAtMs >= front.freeAtMs[answered]!) return;
  front.freeAtMs[answered] = freeAtMs;
  if (answered < front.lowest) front.lowest = answered;
  if (answered > front.highest) front.highest = answered;
}

function clear(front: Front): void {
  front.freeAtMs.fill(NEVER, front.lowest, front.highest + 1);
  front.lowest = NEVER;
  front.highest = 0;
}
