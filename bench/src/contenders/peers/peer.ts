import type { SceneModel, SceneModelName } from '../../models/scene-model.js';
import type { Dialect } from '../dialect.js';

/** What a peer is set to, by name: `threads`, `workers`, `maxBatch`, `windowMs` … */
export type Settings = Readonly<Record<string, number>>;

/** A server that people use today, as `bench/peers` has it. */
export interface Peer {
  /** Its folder in `bench/peers`. */
  readonly name: string;
  /** As tables name it. */
  readonly title: string;
  readonly dialect: Dialect;
  /** The settings it may choose from for a model; the first are those it has before it was tuned. */
  grid(model: SceneModelName): readonly Settings[];
  command(launch: Launch): Command;
}

export interface Launch {
  readonly model: SceneModel;
  readonly settings: Settings;
  readonly port: number;
  /** Its Python virtual environment. */
  readonly environment: string;
  /** Temporary, its own. */
  readonly folder: string;
}

export interface Command {
  /** Program and arguments; the working folder is the peer's in `bench/peers`. */
  readonly line: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

/** What every peer's program reads. */
export function commonEnv({ model, settings }: Launch): Record<string, string> {
  return {
    MODEL: model.name,
    MODEL_FILE: model.file,
    MODEL_WEIGHTS: model.weights,
    THREADS: String(settings.threads),
    // OpenMP and its like start one thread a core in each library that asks; the program's own choice shall hold.
    OMP_NUM_THREADS: String(settings.threads),
  };
}

/** Every combination. */
export function product(choices: Readonly<Record<string, readonly number[]>>): Settings[] {
  return Object.entries(choices).reduce<Settings[]>(
    (found, [name, values]) => found.flatMap((settings) => values.map((value) => ({ ...settings, [name]: value }))),
    [{}],
  );
}

/** Threads of a model and how many of it run at once; small models have no use for a second thread. */
export function hostings(model: SceneModelName, instances: string): Settings[] {
  if (model === 'mlp' || model === 'identity') return product({ threads: [1], [instances]: [1, 2] });
  // Two of two threads each would only take each other's cores.
  return product({ threads: [1, 2], [instances]: [1, 2] }).filter((found) => found.threads! * found[instances]! <= 2);
}

export const describeSettings = (settings: Settings) =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
