import type { Dtype } from '@jitney/core';
import type { ColumnContext } from './column.js';
import { FloatColumn, HalfColumn } from './float-column.js';
import { IntegerColumn, WideColumn } from './integer-column.js';
import type { NumberColumn } from './number-column.js';

/** A column for any dtype that JSON carries as numbers: all but BOOL and BYTES. */
export function createNumberColumn(dtype: Exclude<Dtype, 'BOOL' | 'BYTES'>, context: ColumnContext): NumberColumn {
  switch (dtype) {
    case 'FP32':
    case 'FP64':
      return new FloatColumn(dtype, context);
    case 'FP16':
    case 'BF16':
      return new HalfColumn(dtype, context);
    case 'INT64':
    case 'UINT64':
      return new WideColumn(dtype, context);
    default:
      return new IntegerColumn(dtype, context);
  }
}
