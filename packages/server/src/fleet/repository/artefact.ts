import { JitneyError } from '@jitney/core';
import type { Manifest } from '@jitney/core/manifest';

/** A model version as it lies on the disk. Nothing of it was loaded. */
export interface ModelArtefact {
  readonly name: string;
  /** `1` where the layout has no versions. */
  readonly version: string;
  /** The version that answers when a request names none: the highest that can be served. */
  readonly isDefault: boolean;
  /** Absolute path of the file to load; of a refused artefact, what is to blame. */
  readonly path: string;
  /** Absolute path of the folder nothing it names may leave. */
  readonly root: string;
  /** `null` where it was refused before that was known. */
  readonly kind: ArtefactKind | null;
  /** Its model.json, that of the version over that of the model; empty without one. */
  readonly manifest: Manifest;
  readonly state: ArtefactState;
  /** What is there and has no effect, or not the one that may have been meant. */
  readonly warnings: readonly string[];
  /** Choices that were made, and links that were followed. */
  readonly notes: readonly string[];
}

export type ArtefactKind = 'onnx' | 'script';

export type ArtefactState =
  | { readonly state: 'servable' }
  /** It could be served, but the versions policy does not choose it. */
  | { readonly state: 'left-out'; readonly reason: string }
  /** `reason` is the message of `error`: model, file, stage, cause and fix. */
  | { readonly state: 'refused'; readonly reason: string; readonly error: JitneyError };

/** What was found at the given paths. */
export interface Repository {
  /** By name, and of one name the highest version first. */
  readonly artefacts: readonly ModelArtefact[];
  /** What concerns no model in particular. */
  readonly warnings: readonly string[];
}

/** Why something cannot be served. */
export interface Problem {
  readonly path: string;
  /** A clause without a full stop: `it is a GGUF model`. */
  readonly problem: string;
  /** An imperative clause: `rename the folder to 2`. */
  readonly fix: string;
  readonly cause?: unknown;
}

/** The one error of a model that discovery refuses. */
export function refuse(model: string, { path, problem, fix, cause }: Problem): ArtefactState {
  const message = `model ${model}, file ${path}, stage find: ${problem}. Fix: ${fix}.`;
  return refusedBy(new JitneyError('INVALID_MODEL', message, cause === undefined ? {} : { cause }));
}

export function refusedBy(error: JitneyError): ArtefactState {
  return { state: 'refused', reason: error.message, error };
}
