import { elementCount, JitneyError } from '@jitney/core';

/** An input or output as `GET /v2/models/{model}` tells of it. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  /** -1 is free. */
  readonly shape: readonly number[];
}

export interface ShapeWishes {
  /** Size of a free first dimension. */
  readonly rows: number;
  /** Whole shapes by the input's name; they win. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/** Free dimensions: tokens of a sentence, the sides of a picture, its channels. */
const LENGTH = 32;
const SIDE = 224;
const CHANNELS = 3;

/** Above this many elements an input is a mistake rather than a wish. */
const MOST_ELEMENTS = 2 ** 26;

/**
 * A shape for an input. Free dimensions behind the first are those of a picture where there are four, else a length.
 * @throws JitneyError `INVALID_ARGUMENT` where a wished shape cannot be the input's.
 */
export function sampleShape({ name, shape }: TensorMetadata, { rows, shapes }: ShapeWishes): readonly number[] {
  const wished = shapes[name];
  if (wished === undefined) return shape.map((size, axis) => (size >= 0 ? size : freeSize(shape, axis, rows)));
  if (wished.length !== shape.length || wished.some((size, axis) => shape[axis]! >= 0 && size !== shape[axis])) {
    throw new JitneyError(
      'INVALID_ARGUMENT',
      `--shape ${name}:${wished.join()}: input '${name}' has the shape [${shape.join(', ')}], where only -1 is free`,
    );
  }
  if (elementCount(wished) > MOST_ELEMENTS) {
    throw new JitneyError(
      'INVALID_ARGUMENT',
      `--shape ${name}:${wished.join()} has ${elementCount(wished)} elements, at most ${MOST_ELEMENTS} are sent`,
    );
  }
  return wished;
}

function freeSize(shape: readonly number[], axis: number, rows: number): number {
  if (axis === 0) return rows;
  if (shape.length !== 4) return LENGTH;
  // Channels stand first (NCHW) unless the last size is one of theirs (NHWC).
  const channelsAxis = shape[3] === 1 || shape[3] === 3 ? 3 : 1;
  return axis === channelsAxis ? CHANNELS : SIDE;
}
