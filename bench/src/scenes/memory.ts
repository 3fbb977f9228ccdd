import { join } from 'node:path';
import { type RunningJitney, startJitney } from '../contenders/jitney.js';
import { startClosedLoop } from '../load/index.js';
import { type Memory, readMemory } from '../machine/memory.js';
import { EXAMPLES_FOLDER, type ExampleModel, readExamples } from '../models/examples.js';
import type { Figure, Table } from '../results/report.js';
import { median, megabytes, spread } from '../results/statistics.js';
import type { Scene, Stage } from './scene.js';

const MOMENTS = ['idle', 'after requests'] as const;
const CONNECTIONS = 32;

interface ProcessMemory extends Memory {
  readonly round: number;
  readonly moment: (typeof MOMENTS)[number];
  /** The title without `jitney`: `supervisor`, `gateway`, `host fraud@1`. */
  readonly process: string;
}

/** What the processes hold. */
export const memory: Scene = {
  name: 'memory',
  about:
    '`jitney serve examples/models`: memory of each process five seconds after it is ready (idle), and five seconds after 10 000 requests over the tensor API to its models in turn, on 32 connections. Private: pages of no other process (Private_Clean + Private_Dirty of smaps_rollup). RSS also counts those of shared files, such as the code of Node.',
  async run(stage) {
    const examples = await readExamples();
    const found: ProcessMemory[] = [];
    for (let round = 1; round <= stage.rounds; round++) found.push(...(await measureRound(stage, examples, round)));
    return {
      figures: figures(found, examples),
      tables: [memoryTable(found, examples)],
      trust:
        'Memory hardly depends on what else the machine does. How much of the garbage of 10 000 requests has been collected by then does, and differs between runs.',
    };
  },
};

async function measureRound(stage: Stage, examples: readonly ExampleModel[], round: number): Promise<ProcessMemory[]> {
  const server = await startJitney(stage.children, {
    paths: [EXAMPLES_FOLDER],
    cacheFolder: join(stage.folder, 'cache'),
  });
  try {
    await settle(stage);
    const idle = readAll(server, 'idle', round);
    await load(server, examples, stage.isQuick ? 300 : 10_000);
    await settle(stage);
    const all = [...idle, ...readAll(server, 'after requests', round)];
    for (const one of all) stage.record({ ...one });
    stage.say(
      `round ${round} of ${stage.rounds}: ${idle.map((one) => `${one.process} ${megabytes(one.privateBytes)}`).join(', ')} MB private`,
    );
    return all;
  } finally {
    await server.stop();
  }
}

/** Until what a start or a load began in the background has ended. */
function settle({ isQuick }: Stage): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, isQuick ? 300 : 5_000));
}

function readAll(server: RunningJitney, moment: ProcessMemory['moment'], round: number): ProcessMemory[] {
  return server
    .processes()
    .map(({ pid, title }) => ({ round, moment, process: title.replace(/^jitney /, ''), ...readMemory(pid) }));
}

async function load(server: RunningJitney, examples: readonly ExampleModel[], count: number): Promise<void> {
  const requests = examples.map(({ request }) => request);
  const running = startClosedLoop({ port: server.port, connections: CONNECTIONS, requests });
  try {
    await running.answered(count);
  } finally {
    await running.stop();
  }
  const { failures } = running.take();
  if (Object.keys(failures).length > 0) throw new Error(`requests failed: ${JSON.stringify(failures)}`);
}

/** The model whose host this is; `null` for other processes. */
function exampleOf(process: string, examples: readonly ExampleModel[]): ExampleModel | null {
  return examples.find(({ name }) => process.startsWith(`host ${name}@`)) ?? null;
}

const ASKED_BYTES = { supervisor: 45e6, gateway: 60e6, host: 30e6 };

/** What is asked of a process: so many bytes, and those of its model's file. */
function askedOf(process: string, examples: readonly ExampleModel[]): { bytes: number; weights: number } | null {
  if (process === 'supervisor' || process === 'gateway') return { bytes: ASKED_BYTES[process], weights: 0 };
  const example = exampleOf(process, examples);
  return example === null ? null : { bytes: ASKED_BYTES.host, weights: example.fileBytes };
}

function figures(found: readonly ProcessMemory[], examples: readonly ExampleModel[]): Figure[] {
  return processNames(found).flatMap((process) => {
    const asked = askedOf(process, examples);
    if (asked === null) return [];
    const idle = found.filter((one) => one.process === process && one.moment === 'idle');
    const bytes = idle.map(({ privateBytes }) => privateBytes);
    const weights = asked.weights === 0 ? '' : ` + ${megabytes(asked.weights)} of weights`;
    return [
      {
        what: `${process}, private, idle`,
        asked: `≤ ${megabytes(asked.bytes)}${weights} MB`,
        measured: spread(bytes, megabytes, 'MB'),
        isMet: median(bytes) <= asked.bytes + asked.weights,
      },
    ];
  });
}

function memoryTable(found: readonly ProcessMemory[], examples: readonly ExampleModel[]): Table {
  const rows = processNames(found).map((process) => {
    const example = exampleOf(process, examples);
    const cells = MOMENTS.flatMap((moment) => {
      const mine = found.filter((one) => one.process === process && one.moment === moment);
      return [
        megabytes(median(mine.map(({ privateBytes }) => privateBytes))),
        megabytes(median(mine.map(({ residentBytes }) => residentBytes))),
      ];
    });
    return [process, example === null ? '' : megabytes(example.fileBytes), ...cells];
  });
  const head = ['MB', 'model file', 'private, idle', 'RSS, idle', 'private, after requests', 'RSS, after requests'];
  return { head, rows };
}

/** Supervisor, gateway, then hosts. */
function processNames(found: readonly ProcessMemory[]): string[] {
  const rank = (name: string) => (name === 'supervisor' ? '0' : name === 'gateway' ? '1' : `2 ${name}`);
  return [...new Set(found.map(({ process }) => process))].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}
