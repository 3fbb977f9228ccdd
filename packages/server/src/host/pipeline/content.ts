import { JitneyError } from '@jitney/core';
import { type FormPart, readForm } from './form.js';

/** A `/predict` body once read: what goes through the pipeline, and the request's parameters. */
export interface Content {
  readonly inputs: unknown;
  readonly parameters: Readonly<Record<string, unknown>>;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The last is what curl -d says of anything. */
const JSON_TYPES: ReadonlySet<string> = new Set(['', 'application/json', 'application/x-www-form-urlencoded']);

/**
 * Reads a `/predict` body by its content type: JSON is `{ inputs, parameters? }`, a form has an input a part, text is a
 * string, anything else stays bytes.
 * @throws JitneyError `INVALID_ARGUMENT` for JSON that is none or lacks `inputs`, for text that is not UTF-8, and for
 * forms, by the part; `TOO_LARGE` for too many parts.
 */
export function readContent(contentType: string, bytes: Uint8Array): Content {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (isJson(type)) return readJson(bytes);
  if (type === 'multipart/form-data') return readParts(readForm(contentType, bytes));
  if (bytes.byteLength === 0) throw new JitneyError('INVALID_ARGUMENT', `the body is empty; its type is ${type}`);
  return { inputs: type.startsWith('text/') ? decodeText(bytes) : bytes, parameters: {} };
}

function isJson(type: string): boolean {
  return JSON_TYPES.has(type) || type.endsWith('+json');
}

/** The field `parameters` is what its name says; every other part is an input, whatever its name. */
function readParts(parts: readonly FormPart[]): Content {
  const [parameters, again] = parts.filter(isParameters);
  if (again !== undefined) throw new JitneyError('INVALID_ARGUMENT', "the form has 'parameters' twice");
  const inputs = parts.filter((part) => !isParameters(part)).map(inputOf);
  if (inputs.length === 0) {
    throw new JitneyError('INVALID_ARGUMENT', "the form has no input: send a file, or a field 'inputs'");
  }
  return {
    inputs: inputs.length === 1 ? inputs[0] : inputs,
    parameters:
      parameters === undefined ? {} : checkedParameters(parseJson(parameters.bytes, "the field 'parameters'")),
  };
}

function isParameters({ name, isFile }: FormPart): boolean {
  return name === 'parameters' && !isFile;
}

/** A file as its type says, a field as JSON where it is JSON, else as text. */
function inputOf({ name, isFile, contentType, bytes }: FormPart): unknown {
  const isText = contentType.startsWith('text/') || (!isFile && contentType === '');
  if (bytes.length === 0 && !isText) throw new JitneyError('INVALID_ARGUMENT', `the part '${name}' is empty`);
  if (contentType !== '' && isJson(contentType)) return parseJson(bytes, `the part '${name}'`);
  if (!isText) return bytes;
  const text = decodeText(bytes, `the part '${name}'`);
  return isFile ? text : jsonOrText(text);
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const FORM = '{ "inputs": …, "parameters": { … } }';

function readJson(bytes: Uint8Array): Content {
  if (bytes.byteLength === 0) throw new JitneyError('INVALID_ARGUMENT', `the body is empty: send JSON, ${FORM}`);
  const body = parseJson(bytes);
  if (typeof body === 'object' && body !== null && !Array.isArray(body) && !Object.hasOwn(body, 'inputs')) {
    throw new JitneyError('INVALID_ARGUMENT', `the body has no 'inputs': send ${FORM}`);
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new JitneyError('INVALID_ARGUMENT', `the body must be an object: ${FORM}`);
  }
  const { inputs, parameters = {} } = body as { inputs: unknown; parameters?: unknown };
  return { inputs, parameters: checkedParameters(parameters) };
}

function checkedParameters(parameters: unknown): Content['parameters'] {
  if (typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters)) {
    return parameters as Content['parameters'];
  }
  throw new JitneyError('INVALID_ARGUMENT', "'parameters' must be an object");
}

function parseJson(bytes: Uint8Array, what = 'the body'): unknown {
  try {
    return JSON.parse(decodeText(bytes, what));
  } catch (thrown) {
    if (thrown instanceof JitneyError) throw thrown;
    throw new JitneyError('INVALID_ARGUMENT', `${what} is not JSON: ${(thrown as Error).message}`, { cause: thrown });
  }
}

function decodeText(bytes: Uint8Array, what = 'the body'): string {
  try {
    return UTF8.decode(bytes);
  } catch (thrown) {
    throw new JitneyError('INVALID_ARGUMENT', `${what} is not valid UTF-8`, { cause: thrown });
  }
}
