import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PEERS } from './contenders/peers/index.js';
import { ROOT } from './places.js';
import { SCENES } from './scenes/index.js';
import type { Scene } from './scenes/scene.js';
import { TUNED_SCENES } from './scenes/tune.js';
import type { PeerScene } from './scenes/with-peers.js';

export interface BenchOptions {
  /** In the order of the page. */
  readonly scenes: readonly Scene[];
  /** Scenes whose peers' settings are to be found anew; no scene is run then. */
  readonly tuned: readonly PeerScene[];
  readonly isQuick: boolean;
  /** Shorter measurements than usual, which go on the page and say so. */
  readonly isShort: boolean;
  readonly rounds: number;
  /** Servers that take part in comparisons; all where there is none. */
  readonly only?: readonly string[];
  /** Folder of RESULTS.md and raw/. */
  readonly out: string;
  /** As it can be typed again. */
  readonly command: string;
}

const ROUNDS = 5;
const QUICK_ROUNDS = 1;
const SHORT_ROUNDS = 3;
const TUNE = 'tune';

/** @throws Error that names what can be asked for. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      short: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const isTuning = positionals[0] === TUNE;
  const asked = isTuning ? positionals.slice(1) : positionals;
  return {
    scenes: isTuning ? [] : chosen('scene', SCENES, asked),
    tuned: isTuning ? chosen('scene to tune', TUNED_SCENES, asked) : [],
    isQuick: values.quick,
    isShort: values.short,
    rounds: roundsOf(values.rounds, values),
    ...(values.only === undefined ? {} : { only: serversOf(values.only) }),
    out: values.out ?? join(ROOT, 'bench'),
    command: ['npm run bench', ...(args.length === 0 ? [] : ['--', ...args])].join(' '),
  };
}

/** All where none is asked for. */
function chosen<T extends { readonly name: string }>(what: string, all: readonly T[], asked: readonly string[]): T[] {
  const names = all.map(({ name }) => name);
  const unknown = asked.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`There is no ${what} ${unknown}; there are ${names.join(', ')}.`);
  return all.filter(({ name }) => asked.length === 0 || asked.includes(name));
}

/** `jitney,triton` */
function serversOf(asked: string): readonly string[] {
  const servers = ['jitney', 'echo', ...PEERS.map(({ name }) => name)].map((name) => ({ name }));
  return chosen('server', servers, asked.split(',')).map(({ name }) => name);
}

function roundsOf(asked: string | undefined, { quick, short }: { quick: boolean; short: boolean }): number {
  if (asked === undefined) return quick ? QUICK_ROUNDS : short ? SHORT_ROUNDS : ROUNDS;
  const rounds = Number(asked);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds takes a whole number from 1 on, not ${asked}.`);
  return rounds;
}
