import type { Manifest } from '@jitney/core/manifest';
import { type ModelArtefact, type Problem, refuse } from './artefact.js';
import type { ModelFile } from './model-file.js';

/** Version of a model whose layout has none. */
const ONLY_VERSION = '1';

export const NO_MODEL: Omit<Problem, 'path'> = {
  problem: 'it holds no model',
  fix: 'put a model.onnx or a model.ts there',
};

/** What is true of all versions of a model. */
export interface ModelFacts {
  readonly name: string;
  /** Absolute path of its folder. */
  readonly root: string;
  readonly manifest: Manifest;
  readonly warnings: readonly string[];
}

/** An artefact before it is known which version is the default. */
export type UndecidedArtefact = Omit<ModelArtefact, 'isDefault'>;

export function withWarnings(model: ModelFacts, ...warnings: readonly string[]): ModelFacts {
  return { ...model, warnings: [...model.warnings, ...warnings] };
}

/** The artefact of one version: servable where its file was found, else refused. */
export function artefactOf(model: ModelFacts, version: string, file: ModelFile): UndecidedArtefact {
  const { name, root, manifest, warnings } = model;
  const facts = { name, version, root, manifest };
  if (file.state !== 'found') {
    const problem = file.state === 'refused' ? file : { path: root, ...NO_MODEL };
    return { ...facts, path: problem.path, kind: null, state: refuse(name, problem), warnings, notes: [] };
  }
  const said = { warnings: [...warnings, ...file.warnings], notes: file.notes };
  return { ...facts, path: file.path, kind: file.kind, state: { state: 'servable' }, ...said };
}

/** The artefact of a model that has no versions. */
export function onlyArtefact(model: ModelFacts, file: ModelFile): ModelArtefact {
  return { ...artefactOf(model, ONLY_VERSION, file), isDefault: true };
}
