import type { Batch, Model, ModelFacts, ModelMemory, Signature, Tensor } from '@jitney/core';
import type { Allocate, RunOptions, Session } from '@jitney/onnxruntime';
import type { SessionSignature } from './signature.js';

export interface OnnxModelParts {
  readonly session: Session;
  readonly signature: SessionSignature;
  readonly facts: ModelFacts;
  readonly memory: ModelMemory;
  /** Gives large outputs their memory. */
  readonly allocate: Allocate | null;
}

/** A session behind the contract of every backend. It owns the session. */
export class OnnxModel implements Model {
  readonly facts: ModelFacts;
  readonly #session: Session;
  readonly #signature: SessionSignature;
  readonly #memory: ModelMemory;
  readonly #allocate: Allocate | null;

  constructor(parts: OnnxModelParts) {
    this.facts = parts.facts;
    this.#session = parts.session;
    this.#signature = parts.signature;
    this.#memory = parts.memory;
    this.#allocate = parts.allocate;
  }

  get signature(): Signature {
    return this.#signature.signature;
  }

  run({ tensors, outputs }: Batch, signal?: AbortSignal): Tensor[] | Promise<Tensor[]> {
    // No outputs asked for: the run is made all the same, since it may fail.
    const sources = outputs === null || outputs.length === 0 ? null : this.#signature.sourcesOf(outputs);
    const options: RunOptions = {
      ...(sources === null ? {} : { outputs: sources }),
      ...(signal === undefined ? {} : { signal }),
      ...(this.#allocate === null ? {} : { allocate: this.#allocate }),
    };
    const values = this.#session.run(tensors, options);
    return values instanceof Promise
      ? values.then((settled) => this.#signature.toTensors(settled, outputs))
      : this.#signature.toTensors(values, outputs);
  }

  memory(): ModelMemory {
    return this.#memory;
  }

  close(): Promise<void> {
    return this.#session.dispose();
  }
}
