import { JitneyError } from '@jitney/core';

/** A `/predict` body once read: what goes through the pipeline, and the request's parameters. */
export interface Content {
  readonly inputs: unknown;
  readonly parameters: Readonly<Record<string, unknown>>;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The last is what curl -d says of anything. */
const JSON_TYPES: ReadonlySet<string> = new Set(['', 'application/json', 'application/x-www-form-urlencoded']);

/**
 * Reads a `/predict` body by its content type: JSON is `{ inputs, parameters? }`, text is a string, anything else
 * stays bytes.
 * @throws JitneyError `INVALID_ARGUMENT` for JSON that is none or lacks `inputs`, and for text that is not UTF-8.
 */
export function readContent(contentType: string, bytes: Uint8Array): Content {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (JSON_TYPES.has(type) || type.endsWith('+json')) return readJson(bytes);
  if (bytes.byteLength === 0) throw new JitneyError('INVALID_ARGUMENT', `the body is empty; its type is ${type}`);
  return { inputs: type.startsWith('text/') ? decodeText(bytes) : bytes, parameters: {} };
}

const FORM = '{ "inputs": …, "parameters": { … } }';

function readJson(bytes: Uint8Array): Content {
  if (bytes.byteLength === 0) throw new JitneyError('INVALID_ARGUMENT', `the body is empty: send JSON, ${FORM}`);
  const body = parseJson(bytes);
  if (typeof body !== 'object' || body === null || Array.isArray(body) || !Object.hasOwn(body, 'inputs')) {
    throw new JitneyError('INVALID_ARGUMENT', `the body must be an object: ${FORM}`);
  }
  const { inputs, parameters = {} } = body as { inputs: unknown; parameters?: unknown };
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) {
    throw new JitneyError('INVALID_ARGUMENT', "'parameters' must be an object");
  }
  return { inputs, parameters: parameters as Record<string, unknown> };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeText(bytes));
  } catch (thrown) {
    if (thrown instanceof JitneyError) throw thrown;
    throw new JitneyError('INVALID_ARGUMENT', `the body is not JSON: ${(thrown as Error).message}`, { cause: thrown });
  }
}

function decodeText(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (thrown) {
    throw new JitneyError('INVALID_ARGUMENT', 'the body is not valid UTF-8', { cause: thrown });
  }
}
