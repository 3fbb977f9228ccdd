import { JitneyError } from '../errors.js';
import { locateJson, MAX_JSON_DEPTH, type Place, placeAt } from './json-places.js';
import { checkSettings } from './mistakes.js';
import { type Manifest, manifestSchema } from './schema.js';

/** Most mistakes that one error names. */
const NAMED_MISTAKES = 8;

/**
 * Reads the text of a `model.json`.
 *
 * @param file Its path, for messages only.
 * @throws JitneyError `INVALID_CONFIG` that names for each mistake file, line, column, setting, what was expected and
 *   what was got.
 */
export function parseManifest(text: string, file: string): Manifest {
  // Windows editors still write a byte order mark; JSON.parse refuses it.
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const value = parseJson(json, file);
  const places = locateJson(json);
  if (places.tooDeep !== null) {
    const place = places.value(places.tooDeep);
    throw new JitneyError('INVALID_CONFIG', `${at(file, place)}: nested deeper than ${MAX_JSON_DEPTH} levels`);
  }
  const checked = checkSettings(manifestSchema, value);
  const lines = places.repeated.map((path) => `${at(file, places.key(path))}: ${path.join('.')}: is there twice`);
  if (checked.state === 'wrong') {
    for (const { path, at: part, text: what } of checked.mistakes) {
      lines.push(`${at(file, places[part](path))}: ${path.length === 0 ? '' : `${path.join('.')}: `}${what}`);
    }
  }
  if (lines.length > 0) throw new JitneyError('INVALID_CONFIG', listed(lines));
  return (checked as { readonly value: Manifest }).value;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    const { message } = thrown as SyntaxError;
    const position = / at position (\d+)/.exec(message)?.[1];
    const place = placeAt(text, position === undefined ? text.length : Number(position));
    const what = message.replace(/ in JSON at position .*$/, '');
    throw new JitneyError('INVALID_CONFIG', `${at(file, place)}: expected JSON, got this: ${what}`, { cause: thrown });
  }
}

function at(file: string, { line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

function listed(lines: readonly string[]): string {
  const named = lines.slice(0, NAMED_MISTAKES);
  const more = lines.length - named.length;
  return more === 0 ? named.join('\n') : [...named, `and ${more} more`].join('\n');
}
