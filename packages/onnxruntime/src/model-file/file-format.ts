/** What a file is, told from its first bytes. */
export interface SniffedFormat {
  readonly format: FileFormat;
  /** A noun phrase: `a Git LFS pointer, not the file it stands for`. */
  readonly what: string;
  /** How to come by an ONNX model instead, as an imperative clause; empty for `onnx`. */
  readonly fix: string;
}

export type FileFormat =
  | 'onnx'
  | 'onnx-truncated'
  | 'ort'
  | 'gguf'
  | 'empty'
  | 'git-lfs-pointer'
  | 'html'
  | 'xml'
  | 'json'
  | 'text'
  | 'pytorch-archive'
  | 'zip'
  | 'pickle'
  | 'numpy'
  | 'tflite'
  | 'safetensors'
  | 'hdf5'
  | 'lightgbm'
  | 'xgboost'
  | 'compressed'
  | 'protobuf'
  | 'noise';
