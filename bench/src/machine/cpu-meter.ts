import { cpuUsOf, readMachineCpuUs, readProcesses } from './process-tree.js';

/** Processor time over a stretch of time. */
export interface CpuUse {
  readonly seconds: number;
  /** Of the server's processes; 0 without a server. */
  readonly serverUs: number;
  /** Of this process alone: the load generator. */
  readonly generatorUs: number;
  /** Cores that were busy with neither this process nor what it started, on average. */
  readonly foreignCores: number;
}

interface Reading {
  readonly atMs: number;
  readonly serverUs: number;
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
      serverUs: now.serverUs - before.serverUs,
      generatorUs: now.generatorUs - before.generatorUs,
      foreignCores: Math.max(0, foreignUs / (seconds * 1e6)),
    };
  }

  #read(): Reading {
    const processes = readProcesses();
    const { user, system } = process.cpuUsage();
    return {
      atMs: performance.now(),
      serverUs: this.#server === null ? 0 : cpuUsOf(this.#server, processes),
      generatorUs: user + system,
      benchUs: cpuUsOf(process.pid, processes),
      machineUs: readMachineCpuUs(),
    };
  }
}
