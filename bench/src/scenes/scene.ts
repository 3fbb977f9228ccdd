import type { Children } from '../processes/children.js';
import type { SceneReport } from '../results/report.js';

/** Something that is measured, by name. */
export interface Scene {
  /** On the command line and in RESULTS.md. */
  readonly name: string;
  /** What is measured, and how: a paragraph. */
  readonly about: string;
  /** How long it takes, about, where it tells. */
  minutes?(stage: Pick<Stage, 'isQuick' | 'isShort' | 'rounds'>): number;
  run(stage: Stage): Promise<SceneReport>;
}

/** What a scene works with. */
export interface Stage {
  /** Short runs that only try the bench out. */
  readonly isQuick: boolean;
  /** Shorter measurements, which go on the page all the same. Default false. */
  readonly isShort?: boolean;
  /** How often everything is repeated, all contenders in turn in each round. */
  readonly rounds: number;
  /** Names of the servers that take part in a comparison; all where there is none. */
  readonly only?: readonly string[];
  readonly children: Children;
  /** For the scene's files; removed behind it. */
  readonly folder: string;
  /** Tells the person who waits. */
  say(line: string): void;
  /** Keeps one run as it was measured. */
  record(run: Readonly<Record<string, unknown>>): void;
}
