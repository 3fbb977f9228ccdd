import type { Attribute, Constant, NodeDeclaration } from '../../../packages/onnxruntime/dist/testing/onnx-writer.js';
import { seededRandom } from '../load/index.js';
import type { Network } from './scene-model.js';

/** Builds a network node by node; its weights are random, the same for the same seed. */
export class GraphBuilder {
  readonly #random: () => number;
  readonly #weights: Constant[] = [];
  readonly #constants: Constant[] = [];
  readonly #nodes: NodeDeclaration[] = [];

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** @returns The name of the node's output. */
  node(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const name = `v${this.#nodes.length}`;
    this.#nodes.push({ op, inputs, outputs: [name], attributes });
    return name;
  }

  /** A node that answers an output of the model. */
  output(name: string, op: string, inputs: readonly string[]): void {
    this.#nodes.push({ op, inputs, outputs: [name] });
  }

  /** Equal parts along the last axis. */
  split(input: string, parts: number): readonly string[] {
    const outputs = Array.from({ length: parts }, (_, part) => `v${this.#nodes.length}_${part}`);
    this.#nodes.push({ op: 'Split', inputs: [input], outputs, attributes: { axis: { int: -1 } } });
    return outputs;
  }

  /** A weight whose values lie evenly in `around ± bound`. Weights are made in the order of PyTorch's state dict. */
  weight(shape: readonly number[], around: number, bound: number): string {
    const name = `w${this.#weights.length}`;
    const next = () => around + (this.#random() * 2 - 1) * bound;
    const data = Float32Array.from({ length: shape.reduce((count, size) => count * size, 1) }, next);
    this.#weights.push({ name, dtype: 'FP32', shape, data });
    return name;
  }

  scalar(value: number): string {
    return this.#constant({ dtype: 'FP32', shape: [], data: Float32Array.of(value) });
  }

  integers(...values: number[]): string {
    return this.#constant({ dtype: 'INT64', shape: [values.length], data: BigInt64Array.from(values.map(BigInt)) });
  }

  network(): Network {
    return { nodes: this.#nodes, weights: this.#weights, constants: this.#constants };
  }

  #constant(constant: Omit<Constant, 'name'>): string {
    const name = `c${this.#constants.length}`;
    this.#constants.push({ name, ...constant });
    return name;
  }
}

export const ints = (...values: number[]): Attribute => ({ ints: values });
