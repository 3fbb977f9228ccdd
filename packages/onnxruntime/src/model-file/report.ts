/** What an ONNX file says about itself, read without loading it. Plain data. */
export interface ModelFileReport {
  /** Size of the file. */
  readonly bytes: number;
  /** Version of the ONNX file format; `null` where the file does not say. */
  readonly irVersion: number | null;
  readonly producer: { readonly name: string; readonly version: string };
  /** Operator sets the model imports. The domain of ONNX itself is `ai.onnx`. */
  readonly opsets: readonly OperatorSet[];
  /** `null`: the file holds no graph. */
  readonly graph: GraphReport | null;
  /** Operators used anywhere: in the graph, in graphs inside its nodes, and in local functions. */
  readonly operators: readonly OperatorUse[];
  /** Operators the file itself defines. */
  readonly functions: readonly LocalFunction[];
  readonly externalData: readonly ExternalReference[];
  /** Texts that operators compare inputs with (categories, keys, vocabulary): the first {@link MAX_TEXTS}. */
  readonly texts: readonly string[];
  readonly weights: WeightReport;
  /** Weights that contradict themselves, at most {@link MAX_FAULTS}. */
  readonly faults: readonly WeightFault[];
}

export interface OperatorSet {
  readonly domain: string;
  readonly version: number;
}

export interface GraphReport {
  readonly name: string;
  /** As listed in the file: before IR version 4 weights are among them. */
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
}

export interface GraphValue {
  readonly name: string;
  /** As ONNX Runtime writes it: `tensor(float)`, `seq(map(string,tensor(float)))`; empty where the file does not say. */
  readonly type: string;
}

export interface OperatorUse {
  readonly domain: string;
  readonly type: string;
  /** Nodes that use it. */
  readonly count: number;
}

export interface LocalFunction {
  readonly domain: string;
  readonly name: string;
}

/** A weight that lies in another file. */
export interface ExternalReference {
  readonly tensor: string;
  /** Path of the other file, relative to the model's folder, as the file gives it. */
  readonly location: string;
  /** First byte in the other file; 0 where the file does not say. */
  readonly offset: number;
  /** Bytes from there; `null`: as many as the weight needs. */
  readonly length: number | null;
  /** Bytes the weight's dimensions and type ask for; `null` for types of no fixed width. */
  readonly declaredBytes: number | null;
}

export interface WeightReport {
  readonly count: number;
  /** Inside the file. */
  readonly embeddedBytes: number;
  /** In other files, as their references claim. */
  readonly externalBytes: number;
}

export interface WeightFault {
  readonly tensor: string;
  /** What contradicts, as a clause. */
  readonly problem: string;
}

export const MAX_FAULTS = 16;
export const MAX_TEXTS = 64;
