import { type GraphValue, type ModelFileReport, quoteText } from '@jitney/onnxruntime';

/** Throws the one error for a model that cannot be served, with problem and fix as clauses. */
export type Refuse = (problem: string, fix: string) => never;

/** Element types that the Open Inference Protocol has a name for, as ONNX writes them. */
const SERVED = /^tensor\((float|float16|bfloat16|double|u?int(8|16|32|64)|bool|string)\)$/;
const ZIP_MAP = /^seq\(map\((string|int64),tensor\((float|double|int64)\)\)\)$/;

/**
 * Refuses inputs and outputs of types that cannot be served, by what the file says, since the runtime cannot even
 * load some of them. A type that the file leaves open passes.
 */
export function refuseTypes({ graph }: ModelFileReport, refuse: Refuse): void {
  for (const { name, type } of graph?.inputs ?? []) {
    if (type !== '' && !SERVED.test(type)) refuseType('input', { name, type }, refuse);
  }
  for (const { name, type } of graph?.outputs ?? []) {
    if (type !== '' && !SERVED.test(type) && !ZIP_MAP.test(type)) refuseType('output', { name, type }, refuse);
  }
}

/** Refuses one input or output of that type. */
export function refuseType(what: 'input' | 'output', { name, type }: GraphValue, refuse: Refuse): never {
  const which = `its ${what} ${quoteText(name)} is of type ${type}`;
  if (type.startsWith('tensor(')) {
    refuse(
      `${which}, which the Open Inference Protocol has no name for`,
      'export the model with a Cast to a type that is served (float, float16, int8 …) there',
    );
  }
  refuse(`${which}, and only tensors are served`, 'export the model with tensors there');
}
