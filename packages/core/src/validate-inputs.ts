import { type Dtype, elementBytes, type NumericArray } from './dtype.js';
import { JitneyError } from './errors.js';
import { type Batching, protocolShape, type Signature, type TensorSpec } from './signature.js';
import { elementCount, type Tensor } from './tensor.js';

/** `'a', 'b'` */
function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

function invalid(message: string): JitneyError {
  return new JitneyError('INVALID_ARGUMENT', message);
}

/** The error for an input given in another dtype than the model's, in Triton's words. */
export function datatypeMismatch(model: string, input: string, got: Dtype, expected: Dtype): JitneyError {
  return invalid(`inference input '${input}' data-type is '${got}', but model '${model}' expects '${expected}'`);
}

/** The error for an input given a second time. */
export function repeatedInput(model: string, input: string): JitneyError {
  return invalid(`input '${input}' already exists in request for model '${model}': it is given twice`);
}

/**
 * Checks that `tensors` are what the model takes: each known, none repeated, none missing unless it is optional, dtypes,
 * shapes, equal row counts, and as many elements as the shape says. Equal symbols are not compared, and more rows than
 * `batching.maxRows` are fine (the host splits them) unless the model takes one row a run.
 *
 * Fragments of the messages are Triton's, since its clients' tests look for them.
 * @throws JitneyError `INVALID_ARGUMENT` that names the model and the input.
 */
export function validateInputs(
  model: string,
  signature: Signature,
  batching: Batching,
  tensors: readonly Tensor[],
): void {
  checkNames(model, signature, tensors);
  for (const tensor of tensors) {
    const spec = signature.inputs.find((input) => input.name === tensor.name) as TensorSpec;
    if (tensor.dtype !== spec.dtype) throw datatypeMismatch(model, tensor.name, tensor.dtype, spec.dtype);
    checkShape(model, spec, batching, tensor);
    checkElements(model, tensor);
  }
  if (batching.mode === 'rows') checkRows(model, batching.shared, tensors);
}

function checkNames(model: string, signature: Signature, tensors: readonly Tensor[]): void {
  for (let i = 0; i < tensors.length; i++) {
    const { name } = tensors[i] as Tensor;
    // Mostly there is one; a set for each request costs more than to look.
    for (let before = 0; before < i; before++) if (tensors[before]?.name === name) throw repeatedInput(model, name);
    if (!signature.inputs.some((input) => input.name === name)) {
      const known = quoted(signature.inputs.map((input) => input.name));
      throw invalid(`unexpected inference input '${name}' for model '${model}'. It takes ${known || 'no inputs'}.`);
    }
  }
  if (tensors.length === signature.inputs.length) return;
  const given = new Set(tensors.map(({ name }) => name));
  const missing = signature.inputs.filter((input) => !input.optional && !given.has(input.name));
  if (missing.length > 0) throw missingInputs(model, signature, [...given], missing);
}

function missingInputs(
  model: string,
  { inputs }: Signature,
  given: readonly string[],
  missing: readonly TensorSpec[],
): JitneyError {
  const required = inputs.filter((input) => !input.optional).length;
  const expected =
    required === inputs.length
      ? `expected ${required} inputs`
      : `expected number of inputs between ${required} and ${inputs.length}`;
  const names = missing.map((input) => `'${input.name}'`).join(',');
  const got = given.map((name) => `'${name}'`).join(',');
  return invalid(
    `${expected} but got ${given.length} inputs for model '${model}'. Got input(s) [${got}], ` +
      `but missing required input(s) [${names}]. Please provide all required input(s).`,
  );
}

function checkShape(model: string, spec: TensorSpec, batching: Batching, { name, shape }: Tensor): void {
  if (spec.shape === null || fits(spec, shape, 0)) return;
  const rows = shape[0] ?? 0;
  if (batching.mode === 'whole' && batching.maxRows === 1 && rows > 1 && fits(spec, shape, 1)) {
    throw invalid(
      `inference request batch-size must be <= 1 for '${model}': input '${name}' has ${rows} rows. Send one request a row.`,
    );
  }
  const expected = protocolShape(spec);
  const hint =
    batching.mode === 'rows' && shape.length === expected.length - 1 && !batching.shared.includes(name)
      ? ` The first dimension counts rows: for one row send [${[1, ...shape]}].`
      : '';
  throw invalid(
    `unexpected shape for input '${name}' for model '${model}'. Expected [${expected}], got [${shape}].${hint}`,
  );
}

/** True where `shape` agrees with the input's in rank and in each fixed dimension from `first` on. */
function fits(spec: TensorSpec, shape: readonly number[], first: number): boolean {
  const expected = spec.shape ?? shape;
  if (expected.length !== shape.length) return false;
  return expected.every((dimension, i) => i < first || typeof dimension !== 'number' || dimension === shape[i]);
}

function checkElements(model: string, { name, dtype, shape, data }: Tensor): void {
  const count = elementCount(shape);
  if (data.length === count) return;
  const width = elementBytes(dtype);
  throw invalid(
    width === null
      ? `expected ${count} string elements for inference input '${name}' for model '${model}', got ${data.length}`
      : `input byte size mismatch for input '${name}' for model '${model}'. ` +
          `Expected ${count * width}, got ${(data as NumericArray).byteLength}`,
  );
}

function checkRows(model: string, shared: readonly string[], tensors: readonly Tensor[]): void {
  const rowed = tensors.filter((tensor) => !shared.includes(tensor.name));
  const first = rowed[0];
  const other = rowed.find((tensor) => tensor.shape[0] !== first?.shape[0]);
  if (first === undefined || other === undefined) return;
  throw invalid(
    `input '${other.name}' batch size does not match other inputs for '${model}': ` +
      `it has ${other.shape[0]} rows, '${first.name}' has ${first.shape[0]}`,
  );
}
