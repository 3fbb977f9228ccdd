import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Arrivals } from '../load/arrivals.js';

/** The options of `jitney bench`, read. */
export interface BenchOptions {
  readonly model?: string;
  readonly rate?: number;
  readonly concurrency?: number;
  readonly arrivals: 'poisson' | 'gamma' | 'constant';
  readonly cv: number;
  readonly slo?: number;
  /** False with `--no-deadline`. */
  readonly deadline: boolean;
  /** Seconds, as is `warmup`. */
  readonly duration: number;
  readonly warmup: number;
  readonly rows: number;
  readonly shape?: Readonly<Record<string, readonly number[]>>;
  readonly binary?: true;
  /** Path of a file. */
  readonly body?: string;
  /** Path of a file, or `-` for standard output. */
  readonly json?: string;
  readonly seed: number;
  readonly maxConnections: number;
  readonly apiKeyFile?: string;
  readonly config?: string;
  readonly set?: readonly string[];
}

/** Requests under way where neither a rate nor a number is given. */
export const DEFAULT_CONCURRENCY = 16;

export function addBenchOptions(command: Command): Command {
  const { above, from, shapes, list } = READERS;
  const option = (flags: string, doc: string) => new Option(flags, doc);
  return command
    .addOption(option('--model <name>', 'which model, where the server has several'))
    .addOption(option('--rate <r>', 'requests a second, whatever becomes of them (open loop)').argParser(above(0)))
    .addOption(
      option(
        '--concurrency <c>',
        `requests under way, the next when one is answered (closed loop; default ${DEFAULT_CONCURRENCY})`,
      )
        .argParser(from(1))
        .conflicts('rate'),
    )
    .addOption(
      option('--arrivals <kind>', 'of an open loop').choices(['poisson', 'gamma', 'constant']).default('poisson'),
    )
    .addOption(option('--cv <v>', 'how much gaps vary with gamma; 1 is Poisson').argParser(above(0)).default(4))
    .addOption(option('--slo <ms>', 'answers later than this do not count as goodput').argParser(above(0)))
    .addOption(option('--no-deadline', 'requests do not carry the SLO as their deadline'))
    .addOption(option('--duration <s>', 'seconds that are measured').argParser(above(0)).default(10))
    .addOption(option('--warmup <s>', 'seconds before that, not counted').argParser(from(0, 'number')).default(2))
    .addOption(option('--rows <n>', 'rows a request').argParser(from(1)).default(1))
    .addOption(
      option('--shape <name:sizes>', 'shape of an input, as image:1,3,224,224; may be repeated').argParser(shapes),
    )
    .addOption(option('--binary', 'tensors as raw bytes instead of JSON'))
    .addOption(option('--body <file>', 'send this JSON instead of made-up requests'))
    .addOption(option('--json <file>', 'everything measured as JSON; - is standard output'))
    .addOption(option('--seed <n>', 'of arrivals and values').argParser(from(0)).default(1))
    .addOption(option('--max-connections <n>', 'of an open loop').argParser(from(1)).default(4_096))
    .addOption(option('--api-key-file <file>', 'file that holds the server’s key; or JITNEY_API_KEY'))
    .addOption(option('--config <file>', 'settings of the server, where a path is given'))
    .addOption(option('--set <section.name=value>', 'one such setting; may be repeated').argParser(list));
}

export function arrivalsOf({ arrivals, cv }: Pick<BenchOptions, 'arrivals' | 'cv'>): Arrivals {
  return arrivals === 'gamma' ? { kind: 'gamma', cv } : { kind: arrivals };
}

const READERS = {
  above: (least: number) => (text: string) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value) && value > least) return value;
    throw new InvalidArgumentError(`Expected a number above ${least}.`);
  },
  from:
    (least: number, kind: 'whole number' | 'number' = 'whole number') =>
    (text: string) => {
      const value = Number(text);
      const fits = kind === 'number' ? Number.isFinite(value) : Number.isSafeInteger(value);
      if (text.trim() !== '' && fits && value >= least) return value;
      throw new InvalidArgumentError(`Expected a ${kind} of at least ${least}.`);
    },
  shapes: (text: string, before: Readonly<Record<string, readonly number[]>> = {}) => {
    // Names of tensors may hold colons themselves.
    const [, name, sizes] = /^(.+):((?:\d+)(?:,\d+)*)$/.exec(text) ?? [];
    if (name === undefined) throw new InvalidArgumentError('Expected NAME:1,3,224,224.');
    return { ...before, [name]: sizes!.split(',').map(Number) };
  },
  list: (text: string, before: readonly string[] = []) => [...before, text],
};
