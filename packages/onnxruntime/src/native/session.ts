import { JitneyError } from '@jitney/core';
import type { Gate } from '../gate.js';
import type { ModelMetadata } from '../metadata.js';
import type { RunPlan } from '../run-plan.js';
import type { ResolvedSessionOptions } from '../session-options.js';
import type { Value, ValueSpec } from '../value.js';
import type { Address, Status } from './function-table.js';
import { begin, finish } from './in-flight.js';
import { pin, Slots } from './memory.js';
import { readMetadata } from './metadata-reader.js';
import { RunFrame } from './run-frame.js';
import { runtime as loadRuntime, type Runtime } from './runtime.js';
import { type ModelSource, openSession } from './session-loader.js';
import { type NativeSignature, readSignature } from './signature-reader.js';
import { plainMessage, takeError } from './status.js';
import { ValueReader } from './value-reader.js';
import { ValueWriter } from './value-writer.js';

/** An `OrtSession` and everything that belongs to it. It counts its runs and is released after the last. */
export class NativeSession {
  readonly metadata: ModelMetadata;
  readonly #runtime: Runtime;
  readonly #handle: Address;
  readonly #signature: NativeSignature;
  readonly #gate: Gate;
  readonly #profiled: boolean;
  readonly #reader: ValueReader;
  readonly #writer: ValueWriter;
  /** Frames that no run uses now. */
  readonly #frames: RunFrame[] = [];
  #pending = 0;
  #whenIdle: (() => void) | null = null;
  /** Lets go of the model's bytes, where the runtime reads them as long as the session lives. */
  #unpin: (() => void) | null = null;

  /**
   * Loads on another thread.
   * @throws JitneyError `INVALID_MODEL`, `INVALID_CONFIG`; `CANCELLED` after `signal`.
   */
  static async open(
    source: ModelSource,
    options: ResolvedSessionOptions,
    gate: Gate,
    signal: AbortSignal | undefined,
  ): Promise<NativeSession> {
    const runtime = loadRuntime();
    const handle = await gate.pass(signal, () => openSession(runtime, source, options, signal));
    try {
      return new NativeSession(runtime, handle, gate, options, source);
    } catch (error) {
      runtime.api.releaseSession(handle);
      throw error;
    }
  }

  private constructor(
    runtime: Runtime,
    handle: Address,
    gate: Gate,
    options: ResolvedSessionOptions,
    source: ModelSource,
  ) {
    this.#runtime = runtime;
    this.#handle = handle;
    this.#gate = gate;
    this.#profiled = options.profiling !== null;
    if (typeof source !== 'string' && readsBytesLater(options)) this.#unpin = pin(source);
    this.#signature = readSignature(runtime, handle);
    this.metadata = readMetadata(runtime, handle);
    this.#reader = new ValueReader(runtime);
    this.#writer = new ValueWriter(runtime);
  }

  get inputs(): readonly ValueSpec[] {
    return this.#signature.inputs;
  }

  get outputs(): readonly ValueSpec[] {
    return this.#signature.outputs;
  }

  /** Runs on the calling thread. */
  run(plan: RunPlan): Value[] {
    const frame = this.#takeFrame();
    try {
      frame.fill(plan, this.#writer);
      const status = frame.run();
      if (status !== null) throw this.#failure(status);
      return frame.results(this.#reader);
    } finally {
      this.#giveBack(frame);
    }
  }

  /** Runs on another thread, once the gate lets it. `observe` is told how long a run took from there. */
  async runAsync(plan: RunPlan, signal: AbortSignal | undefined, observe?: (tookMs: number) => void): Promise<Value[]> {
    this.#pending++;
    try {
      return await this.#gate.pass(signal, async () => {
        const startedAtMs = performance.now();
        const values = await this.#execute(plan, signal);
        observe?.(performance.now() - startedAtMs);
        return values;
      });
    } finally {
      this.#pending--;
      if (this.#pending === 0) this.#whenIdle?.();
    }
  }

  /** Waits for the runs that were begun, then frees everything. Call once, and nothing after. */
  async close(): Promise<void> {
    if (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    const { api, allocator } = this.#runtime;
    if (this.#profiled) this.#endProfiling();
    for (const frame of this.#frames) frame.release();
    for (const port of [...this.#signature.inputPorts, ...this.#signature.outputPorts]) {
      api.allocatorFree(allocator, port.nativeName);
    }
    await new Promise<void>((resolve, reject) => {
      api.releaseSession.async(this.#handle, (failure) => (failure === null ? resolve() : reject(failure)));
    });
    this.#unpin?.();
  }

  async #execute(plan: RunPlan, signal: AbortSignal | undefined): Promise<Value[]> {
    if (signal?.aborted) throw cancelled();
    const frame = this.#takeFrame();
    const copies: Promise<void>[] = [];
    try {
      frame.fill(plan, this.#writer);
      const status = await runOffThread(frame, signal);
      if (frame.ended) {
        if (status !== null) this.#runtime.api.releaseStatus(status);
        throw cancelled();
      }
      if (status !== null) throw this.#failure(status);
      const results = frame.results(this.#reader, copies);
      if (copies.length > 0) await Promise.all(copies);
      return results;
    } finally {
      // Where a later output could not be read, earlier ones are still being copied out of the frame.
      if (copies.length > 0) await Promise.allSettled(copies);
      this.#giveBack(frame);
    }
  }

  #takeFrame(): RunFrame {
    const { inputPorts, outputPorts } = this.#signature;
    return this.#frames.pop() ?? new RunFrame(this.#runtime, this.#handle, inputPorts, outputPorts);
  }

  #giveBack(frame: RunFrame): void {
    frame.clear();
    this.#frames.push(frame);
  }

  #failure(status: Status): JitneyError {
    const cause = takeError(this.#runtime.api, status);
    return new JitneyError('MODEL_ERROR', `The model failed on these inputs: ${plainMessage(cause)}`, { cause });
  }

  /** Writes the trace; its path is the runtime's to choose. */
  #endProfiling(): void {
    const { api, allocator, koffi } = this.#runtime;
    const out = new Slots(koffi, 1);
    const status = api.sessionEndProfiling(this.#handle, allocator, out.at(0));
    if (status === null) api.allocatorFree(allocator, out.get(0));
    else api.releaseStatus(status);
  }
}

/** With these entries the runtime does not copy the bytes it is given. */
function readsBytesLater({ configEntries }: ResolvedSessionOptions): boolean {
  return Object.keys(configEntries).some((key) => key.startsWith('session.use_ort_model_bytes'));
}

function runOffThread(frame: RunFrame, signal: AbortSignal | undefined): Promise<Status> {
  return new Promise((resolve, reject) => {
    const end = () => frame.end();
    const done = (failure: Error | null, status: Status) => {
      finish(frame);
      signal?.removeEventListener('abort', end);
      if (failure === null) resolve(status);
      else reject(failure);
    };
    begin(frame);
    signal?.addEventListener('abort', end, { once: true });
    try {
      frame.runAsync(done);
    } catch (failure) {
      done(failure as Error, null);
    }
  });
}

function cancelled(): JitneyError {
  return new JitneyError('CANCELLED', 'The run was cancelled.');
}
