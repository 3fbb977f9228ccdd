/** Bounds of an infer request. What is above one of them ends in TOO_LARGE. */
export interface InferLimits {
  /** Bytes of the JSON part; the setting's name is in the message. Default 64 MiB, as Triton's `--http-max-input-size`. */
  readonly maxJsonBytes: number;
  /** Bytes of one tensor in its dtype. Default 64 MiB. */
  readonly maxTensorBytes: number;
  /** Elements of one BYTES tensor: each is an object of its own, so they cost more than their bytes. Default 262 144. */
  readonly maxStrings: number;
  /** Inputs, and requested outputs, of one request. Default 1024. */
  readonly maxTensors: number;
  /** Members of a `parameters` object. Default 1024. */
  readonly maxParameters: number;
  /** Dimensions of a shape. Default 64. */
  readonly maxRank: number;
  /** Bytes of a tensor's or parameter's name. Default 1024. */
  readonly maxNameBytes: number;
  /** Bytes of the id and of a parameter's string. Default 64 KiB. */
  readonly maxTextBytes: number;
}

export const DEFAULT_INFER_LIMITS: InferLimits = {
  maxJsonBytes: 2 ** 26,
  maxTensorBytes: 2 ** 26,
  maxStrings: 2 ** 18,
  maxTensors: 1024,
  maxParameters: 1024,
  maxRank: 64,
  maxNameBytes: 1024,
  maxTextBytes: 2 ** 16,
};
