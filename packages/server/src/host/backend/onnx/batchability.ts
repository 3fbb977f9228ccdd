import type { Dimension, Signature, TensorSpec } from '@jitney/core';
import { type OperatorUse, quoteText } from '@jitney/onnxruntime';

/** What a signature alone says about joining rows of different requests. */
export interface Batchability {
  /** Why rows cannot be joined, as a clause; `null`: only a run can tell. */
  readonly unbatchable: string | null;
  /** 1 where the file fixes the first dimension at one row, else `null`. */
  readonly maxRows: 1 | null;
  /** Inputs of fixed shape beside inputs whose first dimension is free. */
  readonly sharedInputs: readonly string[];
}

/**
 * Judges a signature without a run. Rows lie along the first dimension, which must be free in the inputs that have a
 * batch dimension, be the same for all of them, and come first in every output.
 */
export function judgeSignature(signature: Signature, operators: readonly OperatorUse[]): Batchability {
  const { inputs, outputs } = signature;
  const batched = inputs.filter(isBatched);
  const fixed = inputs.filter((input) => !isBatched(input));
  const problem = inputProblem(inputs, fixed) ?? (batched.length === 0 ? fixedProblem(inputs) : null);
  if (problem !== null) return { unbatchable: problem, maxRows: isOneRow(inputs) ? 1 : null, sharedInputs: [] };
  const unbatchable =
    symbolProblem(signature, batched) ??
    firstOf(outputs, (output) => outputProblem(output, batched)) ??
    firstOf(outputs, (output) => dataProblem(output, batched, operators)) ??
    divisionProblem(signature, operators);
  return { unbatchable, maxRows: null, sharedInputs: fixed.map(({ name }) => name) };
}

/** Names that exporters make up for each dimension anew (tf2onnx, paddle2onnx): they say nothing about equality. */
const MADE_UP_SYMBOL = /^(unk__\d+|p2o\.DynamicDimension\.\d+)$/;

function isBatched({ shape }: TensorSpec): boolean {
  return shape !== null && shape.length > 0 && typeof shape[0] !== 'number';
}

function isFixed(dimension: Dimension): boolean {
  return typeof dimension === 'number';
}

function inputProblem(inputs: readonly TensorSpec[], fixed: readonly TensorSpec[]): string | null {
  if (inputs.length === 0) return 'it has no inputs';
  return firstOf(fixed, (input) => {
    if (input.shape === null) return `the rank of input ${describe(input)} is not known`;
    return input.shape.every(isFixed) ? null : `the free dimension of input ${describe(input)} is not the first`;
  });
}

/** Why a model whose inputs are all of fixed shape has no rows to join. */
function fixedProblem(inputs: readonly TensorSpec[]): string {
  const ranked = inputs.find(({ shape }) => shape !== null && shape.length > 0);
  if (ranked === undefined) return 'its inputs are scalars';
  return `the first dimension of input ${quoteText(ranked.name)} is fixed at ${ranked.shape?.[0]}`;
}

function isOneRow(inputs: readonly TensorSpec[]): boolean {
  const ranked = inputs.filter(({ shape, optional }) => !optional && shape !== null && shape.length > 0);
  return ranked.length > 0 && ranked.every(({ shape }) => shape?.[0] === 1);
}

function symbolProblem(signature: Signature, batched: readonly TensorSpec[]): string | null {
  const named = batched.filter(({ shape }) => typeof shape?.[0] === 'string' && !MADE_UP_SYMBOL.test(shape[0]));
  const other = named.find(({ shape }) => shape?.[0] !== named[0]?.shape?.[0]);
  if (other !== undefined) {
    return `inputs ${describe(named[0] as TensorSpec)} and ${describe(other)} differ in their first dimension`;
  }
  const symbols = batchSymbols(batched);
  return firstOf([...signature.inputs, ...signature.outputs], (spec) => {
    const inner = (spec.shape ?? []).slice(1).find((dimension) => symbols.has(dimension));
    if (inner === undefined) return null;
    return `${describe(spec)} has the batch dimension ${quoteText(`${inner}`)} twice, or not first`;
  });
}

function batchSymbols(batched: readonly TensorSpec[]): ReadonlySet<Dimension> {
  return new Set(batched.flatMap(({ shape }) => (typeof shape?.[0] === 'string' ? [shape[0]] : [])));
}

function outputProblem(output: TensorSpec, batched: readonly TensorSpec[]): string | null {
  if (output.shape === null) return `the rank of output ${describe(output)} is not known`;
  const [first] = output.shape;
  if (first === undefined || isFixed(first)) return `output ${describe(output)} has no batch dimension`;
  const inner = batched.some((input) => typeof first === 'string' && input.shape?.slice(1).includes(first));
  return inner ? `the first dimension of output ${describe(output)} is not that of the inputs` : null;
}

/** Operators whose results have as many rows as the data calls for. */
const DATA_SIZED: ReadonlySet<string> = new Set(['Compress', 'NonMaxSuppression', 'NonZero', 'Unique']);

/** An output whose first dimension has a name of its own, in a graph that sizes results by data. */
function dataProblem(
  output: TensorSpec,
  batched: readonly TensorSpec[],
  operators: readonly OperatorUse[],
): string | null {
  const first = output.shape?.[0];
  if (typeof first !== 'string' || MADE_UP_SYMBOL.test(first) || batchSymbols(batched).has(first)) return null;
  const operator = operators.find(({ domain, type }) => domain === 'ai.onnx' && DATA_SIZED.has(type));
  if (operator === undefined) return null;
  return `the size of output ${describe(output)} may depend on the data (the graph has ${operator.type})`;
}

const DIVIDES: ReadonlySet<string> = new Set(['Div', 'Mod']);
/** From whole numbers to others. */
const LEAVES_WHOLE_NUMBERS: ReadonlySet<string> = new Set(['Cast', 'Gather']);

/**
 * Whole numbers that are divided. The quotient -2147483648 / -1 ends the process (SIGFPE) where it is computed by
 * itself, and not where it is computed with others (the vector instructions do not trap): alone and among others a row
 * would meet another fate.
 */
function divisionProblem({ inputs, outputs }: Signature, operators: readonly OperatorUse[]): string | null {
  if (![...inputs, ...outputs].every(({ dtype }) => /^U?INT/.test(dtype))) return null;
  const used = operators.filter(({ domain }) => domain === 'ai.onnx');
  if (used.some(({ type }) => LEAVES_WHOLE_NUMBERS.has(type))) return null;
  const operator = used.find(({ type }) => DIVIDES.has(type));
  if (operator === undefined) return null;
  return `it divides whole numbers (${operator.type}), which may end the process for a row alone and not for many`;
}

function firstOf<T>(items: readonly T[], problemOf: (item: T) => string | null): string | null {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== null) return problem;
  }
  return null;
}

/** `"x" [n,3]` */
function describe({ name, shape }: TensorSpec): string {
  return shape === null ? quoteText(name) : `${quoteText(name)} [${shape.map(describeDimension).join(',')}]`;
}

/** Symbols come from the file, at any length. */
function describeDimension(dimension: Dimension): string {
  const symbol = `${dimension ?? '?'}`;
  return symbol.length > 40 ? `${symbol.slice(0, 39)}…` : symbol;
}
