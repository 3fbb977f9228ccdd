import { type ProcessStat, readMachineCpuUs, readProcesses, readTitle, sumUs, treeOf } from './process-tree.js';

/** Processor time over a stretch of time. */
export interface CpuUse {
  readonly seconds: number;
  /** Of the server's processes; 0 without a server. */
  readonly serverUs: number;
  /** The same by the title of each process that is there at the end. */
  readonly serverUsByTitle: Readonly<Record<string, number>>;
  /** Of this process alone: the load generator. */
  readonly generatorUs: number;
  /** Cores that were busy with neither this process nor what it started, on average. */
  readonly foreignCores: number;
}

interface Reading {
  readonly atMs: number;
  readonly server: readonly ProcessStat[];
  readonly generatorUs: number;
  /** This process and everything it started. */
  readonly benchUs: number;
  readonly machineUs: number;
}

/** Measures from its making, or from the last `take`. */
export class CpuMeter {
  readonly #server: number | null;
  #before: Reading;

  /** @param server The server's first process; all others descend from it. */
  constructor(server: number | null = null) {
    this.#server = server;
    this.#before = this.#read();
  }

  take(): CpuUse {
    const before = this.#before;
    const now = this.#read();
    this.#before = now;
    const seconds = (now.atMs - before.atMs) / 1_000;
    const foreignUs = now.machineUs - before.machineUs - (now.benchUs - before.benchUs);
    return {
      seconds,
      serverUs: sumUs(now.server) - sumUs(before.server),
      serverUsByTitle: Object.fromEntries(
        now.server.map((process) => [readTitle(process.pid), usSince(before, process)]),
      ),
      generatorUs: now.generatorUs - before.generatorUs,
      foreignCores: Math.max(0, foreignUs / (seconds * 1e6)),
    };
  }

  #read(): Reading {
    const processes = readProcesses();
    const { user, system } = process.cpuUsage();
    return {
      atMs: performance.now(),
      server: this.#server === null ? [] : treeOf(this.#server, processes),
      generatorUs: user + system,
      benchUs: sumUs(treeOf(process.pid, processes)),
      machineUs: readMachineCpuUs(),
    };
  }
}

function usSince(before: Reading, { pid, cpuUs }: ProcessStat): number {
  return cpuUs - (before.server.find((process) => process.pid === pid)?.cpuUs ?? 0);
}
