/** A model on disk, as a scene serves it. */
export interface PlantedModel {
  /** For `jitney serve`. */
  readonly folder: string;
  /** The .onnx file. */
  readonly file: string;
  /** A request to it, one row, over the tensor API. */
  readonly request: Uint8Array;
}
