import { protocolShape, type TensorSpec } from '@jitney/core';
import type { LoadedModel } from '../../../wire/messages.js';

/** Body of `GET /v2`. */
export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

/** Body of `GET /v2/models/{model}`. */
export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  /** For example `onnxruntime_onnx`. */
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  /** The model's own, the batch dimension included; -1 is free. */
  readonly shape: readonly number[];
}

/** The extensions this server implements, by the names Triton gives them. */
const EXTENSIONS: readonly string[] = ['binary_tensor_data', 'parameters'];

/** @param server - name and version that clients are told; both are settings, since some clients' tests ask for Triton's */
export function serverMetadata(server: { readonly name: string; readonly version: string }): ServerMetadata {
  return { name: server.name, version: server.version, extensions: EXTENSIONS };
}

/** @param versions - every version that can be asked for, as the repository names them */
export function modelMetadata(model: LoadedModel, versions: readonly string[]): ModelMetadata {
  return {
    name: model.name,
    versions,
    platform: model.platform,
    inputs: model.signature.inputs.map(tensorMetadata),
    outputs: model.signature.outputs.map(tensorMetadata),
  };
}

function tensorMetadata(spec: TensorSpec): TensorMetadata {
  return { name: spec.name, datatype: spec.dtype, shape: protocolShape(spec) };
}
