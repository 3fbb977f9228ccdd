import { type Batching, elementBytes, JitneyError, type Signature, type TensorSpec } from '@jitney/core';
import type { BinaryTensor } from './binary-input.js';

/**
 * What a raw binary request holds, told by the model alone: the one input, its shape found from the number of bytes.
 *
 * One dimension may be found so. Where rows may ride together the first dimension counts them: it is 1 if another
 * dimension varies, else as many rows as the bytes fill.
 * @throws JitneyError `INVALID_ARGUMENT` where this is not possible, in Triton's words where it has some.
 */
export function rawInput(model: string, signature: Signature, batching: Batching, byteLength: number): BinaryTensor {
  const [spec, ...others] = signature.inputs;
  if (spec === undefined || others.length > 0) {
    const names = signature.inputs.map(({ name }) => `'${name}'`).join(', ');
    throw new JitneyError(
      'INVALID_ARGUMENT',
      `a raw binary request needs a model with exactly one input, model '${model}' has ${signature.inputs.length} (${names}). ` +
        'Send a JSON part that names them.',
    );
  }
  const { name, dtype } = spec;
  const width = elementBytes(dtype);
  if (width === null) return { name, dtype, shape: shapeOfOne(spec) };
  return { name, dtype, shape: deduceShape(model, spec, batching, byteLength / width) };
}

/** A raw BYTES body is one element, without a length before it. */
function shapeOfOne({ name, shape }: TensorSpec): number[] {
  const ones = (shape ?? [1]).map((dimension) => (typeof dimension === 'number' ? dimension : 1));
  if (ones.every((size) => size === 1)) return ones;
  throw new JitneyError(
    'INVALID_ARGUMENT',
    `For BYTE datatype raw input '${name}', the model must have input shape [1], not [${ones}]`,
  );
}

function deduceShape(model: string, spec: TensorSpec, batching: Batching, elements: number): number[] {
  const dimensions = [...(spec.shape ?? [null])];
  const variable = (): number[] => dimensions.flatMap((size, i) => (typeof size === 'number' ? [] : [i]));
  if (batching.mode === 'rows' && variable()[0] === 0 && variable().length > 1) dimensions[0] = 1;
  const [free, ...more] = variable();
  if (more.length > 0) {
    throw new JitneyError(
      'INVALID_ARGUMENT',
      `The shape of the raw input '${spec.name}' can not be deduced because there are more than one variable-sized dimension`,
    );
  }
  const sizes = dimensions.map((size) => (typeof size === 'number' ? size : 1));
  const unit = sizes.reduce((product, size) => product * size, 1);
  const fits = free === undefined ? elements === unit : unit > 0 && Number.isInteger(elements / unit);
  if (!fits) throw wrongSize(model, spec, unit, elements, free !== undefined);
  return free === undefined ? sizes : sizes.with(free, elements / unit);
}

function wrongSize(
  model: string,
  { name, dtype }: TensorSpec,
  unit: number,
  elements: number,
  isMultiple: boolean,
): JitneyError {
  const width = elementBytes(dtype) as number;
  return new JitneyError(
    'INVALID_ARGUMENT',
    `input byte size mismatch for input '${name}' for model '${model}'. ` +
      `Expected ${isMultiple ? 'a multiple of ' : ''}${unit * width}, got ${elements * width}`,
  );
}
