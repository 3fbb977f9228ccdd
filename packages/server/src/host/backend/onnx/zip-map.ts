import {
  createNumericArray,
  type Dtype,
  invariant,
  JitneyError,
  joinRows,
  type NumericDtype,
  type Tensor,
  type TensorSpec,
} from '@jitney/core';
import { isTensor, type MapValue, type Value, type ValueSpec } from '@jitney/onnxruntime';

/**
 * scikit-learn's ZipMap ends a classifier in one map a row, from label to probability. Such an output is served as two
 * tensors of shape [rows, classes], so that rows still ride together: `<name>`, the values, and `<name>.labels`.
 */
export interface ZipMapOutput {
  readonly name: string;
  readonly labelsName: string;
  readonly keyDtype: 'BYTES' | 'INT64';
  readonly valueDtype: NumericDtype;
}

/** The output as a ZipMap's, or `null` where it is something else. */
export function asZipMap(spec: ValueSpec): ZipMapOutput | null {
  if (spec.kind !== 'sequence' || spec.element.kind !== 'map') return null;
  const { key, value } = spec.element;
  if ((key !== 'BYTES' && key !== 'INT64') || value === 'BYTES') return null;
  return { name: spec.name, labelsName: `${spec.name}.labels`, keyDtype: key, valueDtype: value };
}

/** The two tensors as the signature shows them. */
export function zipMapSpecs({ name, labelsName, keyDtype, valueDtype }: ZipMapOutput): TensorSpec[] {
  return [tensorSpec(name, valueDtype), tensorSpec(labelsName, keyDtype)];
}

function tensorSpec(name: string, dtype: Dtype): TensorSpec {
  return { name, dtype, shape: [null, null], optional: false };
}

/**
 * Values and labels of all rows.
 * @throws JitneyError `MODEL_ERROR` when rows have different numbers of classes.
 */
export function flattenZipMap(value: Value, output: ZipMapOutput): [values: Tensor, labels: Tensor] {
  const maps = mapsOf(value, output.name);
  const classes = maps[0]?.keys.shape[0] ?? 0;
  const uneven = maps.find(({ keys }) => keys.shape[0] !== classes);
  if (uneven !== undefined) {
    throw new JitneyError(
      'MODEL_ERROR',
      `Output '${output.name}' has ${classes} classes in one row and ${uneven.keys.shape[0]} in another; all rows need the same.`,
    );
  }
  return [
    stack(
      output.name,
      output.valueDtype,
      maps.map(({ values }) => values),
    ),
    stack(
      output.labelsName,
      output.keyDtype,
      maps.map(({ keys }) => keys),
    ),
  ];
}

function mapsOf(value: Value, name: string): MapValue[] {
  invariant(!isTensor(value) && value.kind === 'sequence', `output '${name}' is no sequence after all`);
  return value.items.map((item) => {
    invariant(!isTensor(item) && item.kind === 'map', `output '${name}' is no sequence of maps after all`);
    return item;
  });
}

/** One-dimensional tensors as the rows of one; no rows where there are none. */
function stack(name: string, dtype: Dtype, rows: readonly Tensor[]): Tensor {
  if (rows.length === 0) {
    return { name, dtype, shape: [0, 0], data: dtype === 'BYTES' ? [] : createNumericArray(dtype, 0) };
  }
  return joinRows(rows.map(({ shape, data }) => ({ name, dtype, shape: [1, ...shape], data })));
}
