import type { FileFormat, SniffedFormat } from './file-format.js';

/** The first bytes of a file, as the tests below look at them. */
interface Head {
  readonly bytes: Uint8Array;
  readonly fileBytes: number;
  /** One character a byte. */
  readonly latin: string;
  /** The head as text; `null` where it holds what text does not. */
  readonly text: string | null;
}

interface Magic {
  readonly format: FileFormat;
  readonly what: string;
  readonly fix: string;
  readonly matches: (head: Head) => boolean;
}

const EXPORT_TORCH =
  'load it in Python and export it with torch.onnx.export(model, example, "model.onnx", dynamo=True)';
/** gzip, zstd, xz, bzip2, 7z. */
const COMPRESSED = ['\x1f\x8b', '\x28\xb5\x2f\xfd', '\xfd7zXZ', 'BZh', '7z\xbc\xaf'];
const EXPORT_ANY = 'convert it to ONNX, or serve the .onnx file that belongs to it';

/** In order: the first that matches is the answer, so the special stand before the general. */
const MAGICS: readonly Magic[] = [
  {
    format: 'empty',
    what: 'empty (0 bytes)',
    fix: 'copy or download it again',
    matches: ({ fileBytes }) => fileBytes === 0,
  },
  {
    format: 'git-lfs-pointer',
    what: 'a Git LFS pointer, not the file it stands for',
    fix: 'run "git lfs pull" in the repository it came from',
    matches: ({ latin }) => latin.startsWith('version https://git-lfs.github.com/spec/'),
  },
  {
    format: 'gguf',
    what: 'a GGUF model (llama.cpp)',
    fix: 'name it .gguf and serve it as that, or serve an .onnx export',
    matches: ({ latin }) => latin.startsWith('GGUF'),
  },
  {
    format: 'tflite',
    what: 'a TensorFlow Lite model',
    fix: 'convert it: python -m tf2onnx.convert --tflite model.tflite --output model.onnx',
    matches: ({ latin }) => latin.startsWith('TFL3', 4),
  },
  {
    format: 'ort',
    what: "a model in ONNX Runtime's own format (.ort)",
    fix: 'serve the .onnx file it was made from',
    matches: ({ latin }) => latin.startsWith('ORTM', 4),
  },
  {
    format: 'pytorch-archive',
    what: 'a PyTorch archive (.pt, .pth)',
    fix: EXPORT_TORCH,
    matches: ({ latin }) => isZip(latin) && /\.pkl|\/data\//.test(latin),
  },
  {
    format: 'zip',
    what: 'a zip archive',
    fix: `unpack it and serve the .onnx file inside; a PyTorch archive must be exported: ${EXPORT_TORCH}`,
    matches: ({ latin }) => isZip(latin),
  },
  {
    format: 'pickle',
    what: 'a Python pickle (PyTorch, scikit-learn and joblib save like this)',
    fix: `${EXPORT_TORCH}; a scikit-learn model with skl2onnx.to_onnx(model, example)`,
    matches: ({ bytes }) => bytes[0] === 0x80 && (bytes[1] as number) >= 2 && (bytes[1] as number) <= 5,
  },
  {
    format: 'safetensors',
    what: 'a safetensors file: weights without a graph',
    fix: 'load the whole model in Python and export it with torch.onnx.export, or optimum-cli export onnx',
    matches: isSafetensors,
  },
  {
    format: 'hdf5',
    what: 'an HDF5 file (Keras saves like this)',
    fix: 'load it in Keras and convert it with tf2onnx, or model.export("model.onnx", format="onnx")',
    matches: ({ latin }) => latin.startsWith('\x89HDF\r\n'),
  },
  {
    format: 'numpy',
    what: 'a NumPy array, not a model',
    fix: EXPORT_ANY,
    matches: ({ latin }) => latin.startsWith('\x93NUMPY'),
  },
  {
    format: 'compressed',
    what: 'compressed',
    fix: 'decompress it first (gunzip, zstd -d, xz -d, tar -x)',
    matches: ({ latin }) => COMPRESSED.some((mark) => latin.startsWith(mark)),
  },
  {
    format: 'html',
    what: 'an HTML page, most likely the error page of a download',
    fix: 'open it in a browser to see what the server said, then download the file itself',
    matches: ({ text }) => text !== null && /^\s*(<!--[\s\S]*?-->\s*)?<(!doctype html|html|head|body)\b/i.test(text),
  },
  {
    format: 'xml',
    what: 'XML, not a model (OpenVINO describes its graphs in XML)',
    fix: EXPORT_ANY,
    matches: ({ text }) => text !== null && /^\s*<\?xml/.test(text),
  },
  {
    format: 'xgboost',
    what: 'an XGBoost model',
    fix: 'convert it with onnxmltools.convert_xgboost',
    matches: ({ latin }) => /^\{L?[\s\S]{0,64}"?learner/.test(latin),
  },
  {
    format: 'lightgbm',
    what: 'a LightGBM model',
    fix: 'convert it with onnxmltools.convert_lightgbm',
    matches: ({ text }) => text !== null && /^tree\r?\nversion=/.test(text),
  },
  {
    format: 'json',
    what: 'JSON, not a model',
    fix: EXPORT_ANY,
    matches: ({ text }) => text !== null && /^\s*[{[]\s*["\]{}\d[-]/.test(text),
  },
  {
    format: 'text',
    what: 'plain text, not a model',
    fix: EXPORT_ANY,
    matches: ({ text }) => text !== null,
  },
];

/** The first format whose mark the head bears; `null` where none does. ONNX itself bears no mark. */
export function matchMagic(bytes: Uint8Array, fileBytes: number): SniffedFormat | null {
  const head: Head = { bytes, fileBytes, latin: Buffer.from(bytes).toString('latin1'), text: asText(bytes) };
  const magic = MAGICS.find(({ matches }) => matches(head));
  return magic === undefined ? null : { format: magic.format, what: magic.what, fix: magic.fix };
}

function isZip(latin: string): boolean {
  return latin.startsWith('PK\x03\x04') || latin.startsWith('PK\x05\x06');
}

/** Eight bytes with the length of a JSON header, then the header. Source: github.com/huggingface/safetensors. */
function isSafetensors({ bytes, fileBytes, latin }: Head): boolean {
  if (bytes.length < 10 || !latin.startsWith('{"', 8)) return false;
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  return headerBytes <= BigInt(fileBytes - 8);
}

/** The bytes as text, a cut last character left aside; `null` if they are not UTF-8 or hold control characters. */
function asText(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells bytes from text
    return /[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]/.test(text) ? null : text;
  } catch {
    return null;
  }
}
