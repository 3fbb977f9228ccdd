import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { JitneyError } from '@jitney/core';
import type { ModelArtefact, Repository } from '../artefact.js';
import { discover } from '../discover.js';

/** A folder of its own for each test of the file. */
export interface Tree {
  readonly root: string;
  /** Absolute path of something in it. */
  at(path: string): string;
  /**
   * Writes files; a path that ends in `/` is an empty folder. Discovery loads nothing, so a file that does not say what
   * it holds holds a word.
   */
  lay(...files: readonly (string | readonly [path: string, text: string])[]): Promise<void>;
  /** Each artefact in a line: `fraud@2 servable onnx fraud/2/model.onnx`. */
  lines(repository: Repository): string[];
}

type Hook = (act: () => Promise<void>) => void;

/** @param beforeEach Of the test runner, as is `afterEach`: what is built does not import it. */
export function useTree(beforeEach: Hook, afterEach: Hook): Tree {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'jitney-repository-'));
  });
  afterEach(() => rm(root, { recursive: true }));
  return {
    get root() {
      return root;
    },
    at: (path) => join(root, path),
    async lay(...files) {
      for (const file of files) await write(root, ...(typeof file === 'string' ? ([file, 'model'] as const) : file));
    },
    lines: ({ artefacts }) =>
      artefacts.map(({ name, version, state, kind, path }) =>
        [`${name}@${version}`, state.state, ...(kind === null ? [] : [kind]), path.slice(root.length + 1)].join(' '),
      ),
  };
}

async function write(root: string, path: string, text: string): Promise<void> {
  const full = join(root, path);
  if (path.endsWith('/')) return void (await mkdir(full, { recursive: true }));
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, text);
}

/** The artefact of a repository that must hold one. */
export function only({ artefacts }: Repository): ModelArtefact {
  const [first, ...others] = artefacts;
  if (first === undefined || others.length > 0) throw new Error(`expected one artefact, got ${artefacts.length}`);
  return first;
}

/** Why an artefact is not served. */
export function reasonOf(artefact: ModelArtefact | undefined): string {
  if (artefact === undefined) throw new Error('no such artefact');
  if (artefact.state.state === 'servable') throw new Error(`${artefact.name} is servable`);
  return artefact.state.reason;
}

/** The error that `paths` end with. */
export async function refusalOf(...paths: readonly string[]): Promise<JitneyError> {
  try {
    await discover(paths);
  } catch (thrown) {
    if (thrown instanceof JitneyError) return thrown;
    throw thrown;
  }
  throw new Error('expected an error, got a repository');
}
