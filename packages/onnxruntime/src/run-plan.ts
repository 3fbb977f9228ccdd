import { JitneyError, type Tensor } from '@jitney/core';
import type { RunMode } from './session-options.js';
import { describeType, type Value, type ValueSpec, type ValueType } from './value.js';
import { checkTensor, checkValue } from './value-check.js';

export interface RunOptions {
  /** Names of the outputs wanted, in the order wanted. Default: all, in the model's order. */
  readonly outputs?: readonly string[];
  /** Ends the run early, best effort: it stops between two nodes of the graph. */
  readonly signal?: AbortSignal;
  /** Tensors that outputs of the same name are written into, without a copy. Their shapes must be what the run gives. */
  readonly into?: readonly Tensor[];
  /**
   * Memory for an output of numbers of so many bytes: at least as many, at an address that is a multiple of 8, and nobody
   * else's. `null`, and the default: new memory.
   */
  readonly allocate?: Allocate;
  /** Default: the session's `runMode`. `sync` cannot be cancelled: `signal` is only looked at before. */
  readonly mode?: RunMode;
  /** Shown in the runtime's own log lines. */
  readonly tag?: string;
}

export type Allocate = (byteLength: number) => Uint8Array | null;

/** A run whose tensors were checked against the signature. */
export interface RunPlan {
  /** One place for each input of the signature; `null` where the model's default is used. */
  readonly inputs: readonly (Value | null)[];
  /** Positions of the outputs wanted. */
  readonly outputs: readonly number[];
  /** For each output wanted the tensor it is written into; `null`: the runtime allocates them all. */
  readonly into: readonly (Tensor | null)[] | null;
  readonly allocate: Allocate | null;
  readonly tag: string | null;
}

/** Checks runs against a signature, so that nothing wrong reaches native code. */
export class RunPlanner {
  readonly #inputs: readonly ValueSpec[];
  readonly #outputs: readonly ValueSpec[];
  readonly #inputPositions: ReadonlyMap<string, number>;
  readonly #outputPositions: ReadonlyMap<string, number>;
  readonly #allOutputs: readonly number[];
  readonly #hasUnreadable: boolean;

  constructor(inputs: readonly ValueSpec[], outputs: readonly ValueSpec[]) {
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#inputPositions = positions(inputs);
    this.#outputPositions = positions(outputs);
    this.#allOutputs = outputs.map((_, position) => position);
    this.#hasUnreadable = outputs.some((spec) => !isReadable(spec));
  }

  /** @throws JitneyError `INVALID_ARGUMENT` that names the tensor, what the model takes and what came. */
  plan(feeds: readonly Value[], options: RunOptions): RunPlan {
    const inputs = this.#place(feeds);
    const outputs = options.outputs === undefined ? this.#allOutputs : this.#choose(options.outputs);
    if (this.#hasUnreadable) this.#refuseUnreadable(outputs);
    const into = options.into === undefined ? null : this.#placeInto(options.into, outputs);
    return { inputs, outputs, into, allocate: options.allocate ?? null, tag: options.tag ?? null };
  }

  #place(feeds: readonly Value[]): (Value | null)[] {
    if (!Array.isArray(feeds)) throw invalid(`Inputs must be a list of tensors, got ${typeof feeds}.`);
    const specs = this.#inputs;
    const placed = new Array<Value | null>(specs.length).fill(null);
    for (let index = 0; index < feeds.length; index++) {
      const feed = feeds[index] as Value;
      const position = this.#inputPositions.get(feed?.name);
      if (position === undefined) throw this.#unknown('input', feed?.name, specs);
      if (placed[position] !== null) throw invalid(`Input "${feed.name}" is given twice.`);
      checkValue(feed, specs[position] as ValueSpec);
      placed[position] = feed;
    }
    if (feeds.length < specs.length) this.#requireAll(placed);
    return placed;
  }

  #requireAll(placed: readonly (Value | null)[]): void {
    const missing = this.#inputs.filter((spec, position) => placed[position] === null && !spec.optional);
    if (missing.length === 0) return;
    throw invalid(
      `Input${missing.length > 1 ? 's' : ''} ${quoted(missing)} ${missing.length > 1 ? 'are' : 'is'} missing.`,
    );
  }

  #choose(names: readonly string[]): number[] {
    if (!Array.isArray(names) || names.length === 0) throw invalid('outputs must name at least one output.');
    const chosen = names.map((name) => {
      const position = this.#outputPositions.get(name);
      if (position === undefined) throw this.#unknown('output', name, this.#outputs);
      return position;
    });
    if (new Set(chosen).size < chosen.length) throw invalid(`outputs names an output twice: ${names.join(', ')}.`);
    return chosen;
  }

  #refuseUnreadable(outputs: readonly number[]): void {
    for (const position of outputs) {
      const spec = this.#outputs[position] as ValueSpec;
      if (isReadable(spec)) continue;
      throw new JitneyError(
        'UNSUPPORTED',
        `Output "${spec.name}" is a ${describeType(spec)}, which cannot be read. Ask for the other outputs by name, or ` +
          'export the model with another type there.',
      );
    }
  }

  #placeInto(into: readonly Tensor[], outputs: readonly number[]): (Tensor | null)[] {
    if (!Array.isArray(into)) throw invalid(`into must be a list of tensors, got ${typeof into}.`);
    const placed = new Array<Tensor | null>(outputs.length).fill(null);
    for (const tensor of into) {
      const position = this.#outputPositions.get(tensor?.name);
      if (position === undefined) throw this.#unknown('output', tensor?.name, this.#outputs);
      const place = outputs.indexOf(position);
      if (place < 0) throw invalid(`into holds "${tensor.name}", which outputs does not ask for.`);
      if (placed[place] !== null) throw invalid(`into holds "${tensor.name}" twice.`);
      checkInto(tensor, this.#outputs[position] as ValueSpec);
      placed[place] = tensor;
    }
    return placed;
  }

  #unknown(what: string, name: unknown, specs: readonly ValueSpec[]): JitneyError {
    const shown = typeof name === 'string' ? `"${name}"` : `${name} (a tensor needs a name)`;
    return invalid(`There is no ${what} ${shown}. The model has ${quoted(specs) || 'none'}.`);
  }
}

function isReadable(type: ValueType): boolean {
  if (type.kind === 'sequence' || type.kind === 'optional') return isReadable(type.element);
  return type.kind !== 'unsupported';
}

function checkInto(tensor: Tensor, spec: ValueSpec): void {
  if (spec.kind !== 'tensor' || spec.dtype === 'BYTES') {
    throw invalid(`Output "${spec.name}" cannot be written into given memory: only tensors of numbers can.`);
  }
  checkTensor(tensor, spec, spec, 'Output');
}

const SHOWN_NAMES = 20;

function quoted(specs: readonly ValueSpec[]): string {
  const names = specs.slice(0, SHOWN_NAMES).map((spec) => `"${spec.name}"`);
  if (specs.length > SHOWN_NAMES) names.push(`${specs.length - SHOWN_NAMES} more`);
  return names.join(', ');
}

function positions(specs: readonly ValueSpec[]): Map<string, number> {
  return new Map(specs.map((spec, position) => [spec.name, position]));
}

function invalid(message: string): JitneyError {
  return new JitneyError('INVALID_ARGUMENT', message);
}
