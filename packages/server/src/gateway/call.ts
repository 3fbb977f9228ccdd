import type { JitneyError, Moment, Tensor } from '@jitney/core';
import type { Body, HostTiming } from '../wire/frames.js';

/** A request as every protocol hands it to the data plane. Nothing below knows HTTP or gRPC. */
export interface Call {
  readonly requestId: string;
  readonly deadlineAtMs: Moment;
  readonly priority: number;
  /** Outputs wanted, `null` for all. */
  readonly outputs: readonly string[] | null;
  readonly body: Body;
  /** W3C trace context as it came, or empty. */
  readonly traceparent: string;
  /** Bytes it holds while it is in flight. */
  readonly bytes: number;
}

/** What came back, and who answered. */
export interface Answer {
  readonly model: string;
  readonly version: string;
  readonly body: Body;
  readonly timing: HostTiming;
  /** 1, or more when hosts died on the way. */
  readonly attempts: number;
}

/** Whoever made a call. */
export interface Caller {
  /** Called exactly once, unless the call is cancelled. */
  settle(answer: Answer | JitneyError): void;
}

/** An infer request of the Open Inference Protocol once parsed, whatever carried it. */
export interface InferRequest {
  readonly id: string | null;
  readonly inputs: readonly Tensor[];
  /** Outputs wanted in the order wanted, `null` for all. */
  readonly outputs: readonly RequestedOutput[] | null;
  /** Default form of the outputs that do not say: `parameters.binary_data_output`. */
  readonly binaryOutputs: boolean;
  readonly parameters: Readonly<Record<string, string | number | bigint | boolean>>;
}

export interface RequestedOutput {
  readonly name: string;
  /** `null`: as `binaryOutputs` says. */
  readonly binary: boolean | null;
}
