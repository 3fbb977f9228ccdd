import type { Signature, Tensor, TensorSpec } from '@jitney/core';
import { describeType, quoteText, type Session, type Value, type ValueSpec } from '@jitney/onnxruntime';
import { type Refuse, refuseType } from './served-types.js';
import { asZipMap, flattenZipMap, type ZipMapOutput, zipMapSpecs } from './zip-map.js';

/** A session's inputs and outputs as tensors, and the way from the session's values to them. */
export class SessionSignature {
  readonly signature: Signature;
  readonly #zipMaps: ReadonlyMap<string, ZipMapOutput>;
  /** Name of the session's output that each of the signature's comes from. */
  readonly #sources: ReadonlyMap<string, string>;

  /** Calls `refuse` for a type that cannot be served. */
  constructor(session: Pick<Session, 'inputs' | 'outputs'>, refuse: Refuse) {
    const zipMaps = session.outputs.map(asZipMap).filter((output) => output !== null);
    this.#zipMaps = new Map(zipMaps.map((output) => [output.name, output]));
    this.signature = {
      inputs: session.inputs.map((spec) => tensorSpec('input', spec, refuse)),
      outputs: session.outputs.flatMap((spec) => {
        const zipMap = this.#zipMaps.get(spec.name);
        return zipMap === undefined ? [tensorSpec('output', spec, refuse)] : zipMapSpecs(zipMap);
      }),
    };
    this.#sources = new Map([
      ...session.outputs.map(({ name }) => [name, name] as const),
      ...zipMaps.map(({ name, labelsName }) => [labelsName, name] as const),
    ]);
    if (this.#sources.size < this.signature.outputs.length) refuseClash(zipMaps, refuse);
  }

  /** The session's outputs that the named ones are made of. */
  sourcesOf(names: readonly string[]): readonly string[] {
    if (this.#zipMaps.size === 0) return names;
    return [...new Set(names.map((name) => this.#sources.get(name) ?? name))];
  }

  /** The session's values as tensors, in the order of `names`; all in the signature's order for `null`. */
  toTensors(values: readonly Value[], names: readonly string[] | null): Tensor[] {
    if (this.#zipMaps.size === 0) return values as Tensor[];
    const tensors = values.flatMap((value) => {
      const zipMap = this.#zipMaps.get(value.name);
      return zipMap === undefined ? [value as Tensor] : flattenZipMap(value, zipMap);
    });
    if (names === null) return tensors;
    const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    return names.map((name) => byName.get(name) as Tensor);
  }
}

function tensorSpec(what: 'input' | 'output', spec: ValueSpec, refuse: Refuse): TensorSpec {
  if (spec.kind !== 'tensor') return refuseType(what, { name: spec.name, type: describeType(spec) }, refuse);
  const { name, dtype, shape, optional } = spec;
  return { name, dtype, shape, optional };
}

function refuseClash(zipMaps: readonly ZipMapOutput[], refuse: Refuse): never {
  const names = zipMaps.map(({ labelsName }) => quoteText(labelsName)).join(', ');
  return refuse(
    `it has an output named like the labels of a map output (${names})`,
    'rename that output, or export the classifier with zipmap=False',
  );
}
