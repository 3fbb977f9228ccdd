import { JitneyError } from '@jitney/core';
import type { ModelMetadata } from './metadata.js';
import type { NativeSession } from './native/session.js';
import { RunPace, sizeClass } from './run-pace.js';
import { type RunOptions, type RunPlan, RunPlanner } from './run-plan.js';
import type { RunMode } from './session-options.js';
import type { Value, ValueSpec } from './value.js';

/**
 * - `ready`: takes runs.
 * - `draining`: `dispose` was called; runs that were begun go on, new ones are refused.
 * - `disposed`: everything native is freed.
 */
export type SessionState = 'ready' | 'draining' | 'disposed';

/** A loaded model. It serves several runs at once; its weights are in memory once. */
export interface Session {
  /** Inputs in the model's order, then initialisers that may be overridden (`optional: true`). */
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  readonly metadata: ModelMetadata;
  readonly state: SessionState;
  /**
   * Runs the model. Answers at once (no promise) where the run was made on the calling thread.
   *
   * The data of `feeds` is read in place: leave it unchanged, attached and unresized until the answer. The outputs
   * belong to the caller. After `signal` the promise rejects once the runtime let go of the tensors.
   * @throws JitneyError, before a promise is made: `INVALID_ARGUMENT` for tensors that do not fit, `UNSUPPORTED` for
   * types that cannot be given or read, `CANCELLED`, `MODEL_NOT_READY` after `dispose`. From the run: `MODEL_ERROR`,
   * `CANCELLED`.
   */
  run(feeds: readonly Value[], options?: RunOptions): Value[] | Promise<Value[]>;
  /** Waits for the runs that were begun, then frees the model. Safe at any moment, and more than once. */
  dispose(): Promise<void>;
}

const leaks = new FinalizationRegistry<NativeSession>((native) => {
  process.emitWarning(
    'A session of ONNX Runtime was garbage-collected without dispose(). Its memory is freed now; dispose sessions ' +
      'yourself, since collection may come late or never.',
    { type: 'JitneyWarning', code: 'JITNEY_SESSION_LEAK' },
  );
  native.close().catch(() => {});
});

/** The session over native parts that it closes. */
export class NodeSession implements Session {
  readonly #native: NativeSession;
  readonly #planner: RunPlanner;
  readonly #pace = new RunPace();
  readonly #mode: RunMode;
  #state: SessionState = 'ready';
  #disposal: Promise<void> | null = null;

  constructor(native: NativeSession, mode: RunMode) {
    this.#native = native;
    this.#planner = new RunPlanner(native.inputs, native.outputs);
    this.#mode = mode;
    leaks.register(this, native, this);
  }

  get inputs(): readonly ValueSpec[] {
    return this.#native.inputs;
  }

  get outputs(): readonly ValueSpec[] {
    return this.#native.outputs;
  }

  get metadata(): ModelMetadata {
    return this.#native.metadata;
  }

  get state(): SessionState {
    return this.#state;
  }

  run(feeds: readonly Value[], options: RunOptions = {}): Value[] | Promise<Value[]> {
    if (this.#state !== 'ready')
      throw new JitneyError('MODEL_NOT_READY', 'The session is disposed; load the model again.');
    if (options.signal?.aborted) throw new JitneyError('CANCELLED', 'The run was cancelled before it began.');
    const plan = this.#planner.plan(feeds, options);
    const mode = options.mode ?? this.#mode;
    if (mode === 'sync') return this.#native.run(plan);
    if (mode === 'async') return this.#native.runAsync(plan, options.signal);
    return this.#runPaced(plan, options.signal);
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#close();
    return this.#disposal;
  }

  #runPaced(plan: RunPlan, signal: AbortSignal | undefined): Value[] | Promise<Value[]> {
    const size = sizeClass(plan.inputs);
    if (!this.#pace.isShort(size)) {
      return this.#native.runAsync(plan, signal, (tookMs) => this.#pace.observeAsync(size, tookMs));
    }
    const startedAtMs = performance.now();
    const values = this.#native.run(plan);
    this.#pace.observeSync(size, performance.now() - startedAtMs);
    return values;
  }

  async #close(): Promise<void> {
    this.#state = 'draining';
    leaks.unregister(this);
    await this.#native.close();
    this.#state = 'disposed';
  }
}
