import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './places.js';
import { SCENES } from './scenes/index.js';
import type { Scene } from './scenes/scene.js';

export interface BenchOptions {
  /** In the order of the page. */
  readonly scenes: readonly Scene[];
  readonly isQuick: boolean;
  readonly rounds: number;
  /** Folder of RESULTS.md and raw/. */
  readonly out: string;
  /** As it can be typed again. */
  readonly command: string;
}

const ROUNDS = 5;
const QUICK_ROUNDS = 1;

/** @throws Error that names what can be asked for. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, rounds: { type: 'string' }, out: { type: 'string' } },
  });
  const names = SCENES.map(({ name }) => name);
  const unknown = positionals.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`There is no scene ${unknown}; there are ${names.join(', ')}.`);
  return {
    scenes: SCENES.filter(({ name }) => positionals.length === 0 || positionals.includes(name)),
    isQuick: values.quick,
    rounds: roundsOf(values.rounds, values.quick),
    out: values.out ?? join(ROOT, 'bench'),
    command: ['npm run bench', ...(args.length === 0 ? [] : ['--', ...args])].join(' '),
  };
}

function roundsOf(asked: string | undefined, isQuick: boolean): number {
  if (asked === undefined) return isQuick ? QUICK_ROUNDS : ROUNDS;
  const rounds = Number(asked);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds takes a whole number from 1 on, not ${asked}.`);
  return rounds;
}
