import {
  bf16ToNumber,
  fp16ToNumber,
  type NumericArray,
  type Outputs,
  type OutputTensor,
  type Tensor,
} from '@jitney/core';

const UTF8 = new TextDecoder();

/** Model outputs as `postprocess` and `/predict` see them: strings decoded, half precision widened to FP32. */
export function outputsOf(tensors: readonly Tensor[]): Outputs {
  const outputs: Record<string, OutputTensor> = Object.create(null);
  for (const tensor of tensors) outputs[tensor.name] = { shape: tensor.shape, data: readable(tensor) };
  return outputs;
}

function readable(tensor: Tensor): OutputTensor['data'] {
  switch (tensor.dtype) {
    case 'BYTES':
      return (tensor.data as readonly Uint8Array[]).map((element) => UTF8.decode(element));
    case 'FP16':
      return Float32Array.from(tensor.data as Uint16Array, fp16ToNumber);
    case 'BF16':
      return Float32Array.from(tensor.data as Uint16Array, bf16ToNumber);
    default:
      return tensor.data as NumericArray;
  }
}
