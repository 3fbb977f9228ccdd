import type { Signature } from './signature.js';
import type { Tensor } from './tensor.js';

/** What a backend loads: a file on the local disk, and the folder that nothing it names may leave. */
export interface Artifact {
  readonly model: string;
  readonly version: string;
  /** Absolute path of the model file. */
  readonly path: string;
  /** Absolute path of the folder the artefact lives in. */
  readonly root: string;
}

/** What a model file says about itself, beyond its signature. Shown by `check`, metadata and the page. */
export interface ModelFacts {
  /** For example `onnxruntime_onnx`: the platform name that protocols report. */
  readonly platform: string;
  readonly producer?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, string>>;
  /** How the runtime was set up, for `check` and the log: threads, and why so many. */
  readonly runtime: string;
  /** Why rows cannot be joined, found without a run; `null` where only a run can tell. */
  readonly unbatchable: string | null;
  /** The graph quantises over the whole batch: alone and together differ by nature (DESIGN.md §7). */
  readonly batchSensitive: boolean;
  /** Most rows the file itself allows; `null` where it does not say. */
  readonly maxRows: number | null;
  /** Inputs that have no batch dimension although others have one. */
  readonly sharedInputs: readonly string[];
  /** Texts that the graph compares inputs with (categories, vocabulary), some of them: likely valid as an input. */
  readonly knownTexts?: readonly string[];
  /** Things worth a warning that do not stop it from being served. */
  readonly warnings: readonly string[];
}

/** A set of inputs that goes through a model in one call. */
export interface Batch {
  readonly tensors: readonly Tensor[];
  /** Names of the outputs wanted, or `null` for all. */
  readonly outputs: readonly string[] | null;
}

/** A loaded model. One instance may be run several times at once. */
export interface Model {
  readonly signature: Signature;
  readonly facts: ModelFacts;
  /**
   * Runs the batch. Answers at once (no promise) where the run was short enough to be made on the calling thread.
   * Outputs belong to the caller. Aborting is best effort: the promise then rejects with `CANCELLED`.
   * @throws JitneyError `INVALID_ARGUMENT` for tensors that do not fit, `MODEL_ERROR` for a run that failed.
   */
  run(batch: Batch, signal?: AbortSignal): Tensor[] | Promise<Tensor[]>;
  /** For generating models: pieces as they are made. */
  stream?(batch: Batch, signal: AbortSignal): AsyncIterable<Piece>;
  memory(): ModelMemory;
  /** Waits for what runs, then frees. Safe at any moment, and more than once. */
  close(): Promise<void>;
}

/** A part of a streamed answer. */
export interface Piece {
  readonly tensors: readonly Tensor[];
  readonly last: boolean;
}

export interface ModelMemory {
  readonly hostBytes: number;
  readonly deviceBytes: number;
}

/** Adapter to one runtime. Concrete backends are imported by the host's main alone. */
export interface Backend<Options = unknown> {
  readonly name: string;
  /**
   * Loads off the JavaScript thread.
   * @throws JitneyError `INVALID_MODEL` that names model, file, stage, cause and fix; `CANCELLED` after `signal`.
   */
  load(artifact: Artifact, options: Options, signal: AbortSignal): Promise<Model>;
}
