import { JitneyError } from '@jitney/core';
import type { ResolvedSessionOptions } from '../session-options.js';
import type { Address, Status } from './function-table.js';
import { begin, type Endable, finish } from './in-flight.js';
import { cPath, Slots } from './memory.js';
import type { Runtime } from './runtime.js';
import { createSessionOptions } from './session-options.js';
import { plainMessage, takeError } from './status.js';

/** The model's file, or its bytes. */
export type ModelSource = string | Uint8Array;

/**
 * Makes an `OrtSession` on another thread; the caller releases it.
 * @throws JitneyError `INVALID_MODEL` with what the runtime said; `CANCELLED` after `signal`; `INVALID_CONFIG`.
 */
export function openSession(
  runtime: Runtime,
  source: ModelSource,
  options: ResolvedSessionOptions,
  signal: AbortSignal | undefined,
): Promise<Address> {
  const load = new Load(runtime, source, createSessionOptions(runtime, options));
  const end = () => load.end();
  if (signal?.aborted) end();
  signal?.addEventListener('abort', end, { once: true });
  return load.start().finally(() => signal?.removeEventListener('abort', end));
}

/** Owner of what a load hands to native code: the source, the session options, the place for the session. */
class Load implements Endable {
  readonly #runtime: Runtime;
  readonly #source: ModelSource;
  readonly #bytes: Uint8Array;
  /** `null` once the load is over. */
  #options: Address | null;
  readonly #out: Slots;
  #ended = false;

  constructor(runtime: Runtime, source: ModelSource, options: Address) {
    this.#runtime = runtime;
    this.#source = source;
    this.#bytes = typeof source === 'string' ? cPath(source) : source;
    this.#options = options;
    this.#out = new Slots(runtime.koffi, 1);
  }

  start(): Promise<Address> {
    return new Promise((resolve, reject) => {
      begin(this);
      this.#call((failure, status) => {
        finish(this);
        try {
          resolve(this.#finish(failure, status));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  end(): void {
    if (this.#options === null) return;
    this.#ended = true;
    this.#runtime.api.setLoadCancellationFlag(this.#options, true);
  }

  #call(done: (error: Error | null, status: Status) => void): void {
    const { api, environment } = this.#runtime;
    const to = this.#out.at(0);
    if (typeof this.#source === 'string') {
      api.createSession.async(environment, this.#bytes, this.#options, to, done);
    } else {
      const { byteLength } = this.#bytes;
      api.createSessionFromArray.async(environment, this.#bytes, byteLength, this.#options, to, done);
    }
  }

  #finish(failure: Error | null, status: Status): Address {
    const { api } = this.#runtime;
    if (this.#options !== null) api.releaseSessionOptions(this.#options);
    this.#options = null;
    if (failure !== null) throw failure;
    if (status === null) {
      if (!this.#ended) return this.#out.get(0);
      api.releaseSession(this.#out.get(0));
      throw this.#cancelled();
    }
    const cause = takeError(api, status);
    if (this.#ended) throw this.#cancelled(cause);
    throw new JitneyError('INVALID_MODEL', `ONNX Runtime cannot load ${this.#name()}: ${plainMessage(cause)}`, {
      cause,
    });
  }

  #cancelled(cause?: Error): JitneyError {
    return new JitneyError('CANCELLED', `The load of ${this.#name()} was cancelled.`, { cause });
  }

  #name(): string {
    return typeof this.#source === 'string' ? this.#source : `a model of ${this.#source.byteLength} bytes`;
  }
}
