/** Newest formats a runtime loads. */
export interface RuntimeLimits {
  /** Who sets them, for messages: `ONNX Runtime 1.30`. */
  readonly runtime: string;
  readonly irVersion: number;
  /** Highest operator-set version by domain. A domain that is not listed is unknown to the runtime. */
  readonly opsets: Readonly<Record<string, number>>;
}

/** What the library of onnxruntime-node 1.30 loads; a test asks the library itself. */
export const ORT_1_30_LIMITS: RuntimeLimits = {
  runtime: 'ONNX Runtime 1.30',
  irVersion: 13,
  opsets: {
    'ai.onnx': 26,
    'ai.onnx.ml': 5,
    'ai.onnx.preview': 1,
    'ai.onnx.preview.training': 1,
    'ai.onnx.training': 1,
    'com.microsoft': 1,
    'com.microsoft.experimental': 1,
    'com.microsoft.nchwc': 1,
    'com.ms.internal.nhwc': 26,
    'org.pytorch.aten': 1,
  },
};

/**
 * What the runtime of that version loads. A version that was never asked keeps the known domains and no upper bound:
 * the runtime itself then says what is too new.
 */
export function runtimeLimits(version: string): RuntimeLimits {
  if (version.startsWith('1.30.')) return ORT_1_30_LIMITS;
  return {
    runtime: `ONNX Runtime ${version}`,
    irVersion: Number.POSITIVE_INFINITY,
    opsets: Object.fromEntries(Object.keys(ORT_1_30_LIMITS.opsets).map((domain) => [domain, Number.POSITIVE_INFINITY])),
  };
}
