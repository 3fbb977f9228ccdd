/** A format that this server does not serve. */
export interface OtherFormat {
  /** A noun phrase. */
  readonly what: string;
  /** An imperative clause. */
  readonly fix: string;
}

const TORCH_FIX = 'export it in Python with torch.onnx.export(model, example, "model.onnx", dynamo=True)';
const TENSORFLOW_FIX = 'convert it to ONNX with tf2onnx';

const torch = { what: 'a PyTorch file', fix: TORCH_FIX };
const gguf = { what: 'a GGUF model', fix: 'wait for a later release, which serves GGUF, or serve an ONNX export' };
const keras = { what: 'a Keras model', fix: TENSORFLOW_FIX };
const pickle = { what: 'a Python pickle', fix: 'convert it to ONNX, for scikit-learn with skl2onnx' };
const xgboost = { what: 'an XGBoost model', fix: 'convert it to ONNX with onnxmltools.convert_xgboost' };
const tensorrt = { what: 'a TensorRT engine', fix: 'serve the ONNX file that it was built from' };

const BY_EXTENSION: Readonly<Record<string, OtherFormat>> = {
  '.gguf': gguf,
  '.pt': torch,
  '.pth': torch,
  '.ckpt': torch,
  '.pkl': pickle,
  '.pickle': pickle,
  '.joblib': pickle,
  '.safetensors': {
    what: 'safetensors, weights without a graph',
    fix: 'export the whole model, for Hugging Face models with optimum-cli export onnx',
  },
  '.tflite': { what: 'a TensorFlow Lite model', fix: 'convert it to ONNX with tf2onnx --tflite' },
  '.pb': { what: 'a TensorFlow graph', fix: TENSORFLOW_FIX },
  '.h5': keras,
  '.keras': keras,
  '.ubj': xgboost,
  '.ort': { what: "a model in ONNX Runtime's own format", fix: 'serve the ONNX file that it was made from' },
  '.mlmodel': { what: 'a Core ML model', fix: 'export the model it was made from to ONNX' },
  '.plan': tensorrt,
  '.engine': tensorrt,
};

/** What a file is by its name, where it is a model of another kind; `null` for everything else. */
export function otherFormat(name: string): OtherFormat | null {
  if (name === 'model.txt') {
    return { what: 'a LightGBM model', fix: 'convert it to ONNX with onnxmltools.convert_lightgbm' };
  }
  const dot = name.lastIndexOf('.');
  return dot === -1 ? null : (BY_EXTENSION[name.slice(dot).toLowerCase()] ?? null);
}

/** Whose model a `model.json` is that is none of ours; `null` for ours. Looks at its first characters. */
export function foreignModelJson(head: string): OtherFormat | null {
  if (/^\s*\{\s*"(learner|version)"\s*:\s*[{[]/.test(head)) return xgboost;
  if (/"(modelTopology|weightsManifest)"\s*:/.test(head)) {
    return { what: 'a TensorFlow.js model', fix: 'convert the model it was made from to ONNX with tf2onnx' };
  }
  return null;
}
