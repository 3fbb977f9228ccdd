/** Where something stands in a text. */
export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

export type JsonPath = readonly (string | number)[];

/** Where the keys and values of a JSON text stand. */
export interface JsonPlaces {
  /** The value at `path`, or the nearest thing around it that is there. */
  value(path: JsonPath): Place;
  /** The key that `path` ends with, or the nearest thing around it that is there. */
  key(path: JsonPath): Place;
  /** Keys written more than once in one object, of which `JSON.parse` keeps the last without a word. */
  readonly repeated: readonly JsonPath[];
  /** The first value that lies deeper than {@link MAX_JSON_DEPTH}; what is inside was not looked at. */
  readonly tooDeep: JsonPath | null;
}

/** Objects and lists inside each other, above which settings are not read. */
export const MAX_JSON_DEPTH = 32;

interface Offsets {
  readonly keys: Map<string, number>;
  readonly values: Map<string, number>;
  readonly repeated: JsonPath[];
  tooDeep: JsonPath | null;
}

/** Finds the places in `text`, which `JSON.parse` must have accepted. */
export function locateJson(text: string): JsonPlaces {
  const offsets: Offsets = { keys: new Map(), values: new Map(), repeated: [], tooDeep: null };
  scanValue(text, skipSpace(text, 0), [], offsets);
  const find = (table: Map<string, number>, path: JsonPath): Place => {
    for (let length = path.length; length > 0; length--) {
      const offset = table.get(JSON.stringify(path.slice(0, length)));
      if (offset !== undefined) return placeAt(text, offset);
    }
    return placeAt(text, skipSpace(text, 0));
  };
  return {
    value: (path) => find(offsets.values, path),
    key: (path) => find(offsets.keys, path),
    repeated: offsets.repeated,
    tooDeep: offsets.tooDeep,
  };
}

/** Line and column of the character at `offset`. */
export function placeAt(text: string, offset: number): Place {
  let line = 1;
  let lineStart = 0;
  for (let end = text.indexOf('\n'); end !== -1 && end < offset; end = text.indexOf('\n', end + 1)) {
    line++;
    lineStart = end + 1;
  }
  return { line, column: offset - lineStart + 1 };
}

/** Notes the value that starts at `start`; gives the offset behind it. */
function scanValue(text: string, start: number, path: JsonPath, offsets: Offsets): number {
  offsets.values.set(JSON.stringify(path), start);
  if (path.length > MAX_JSON_DEPTH) {
    offsets.tooDeep ??= path;
    return skipNested(text, start);
  }
  switch (text[start]) {
    case '{':
      return scanObject(text, start, path, offsets);
    case '[':
      return scanArray(text, start, path, offsets);
    case '"':
      return skipString(text, start);
    default:
      return skipWord(text, start);
  }
}

function scanObject(text: string, start: number, path: JsonPath, offsets: Offsets): number {
  let at = skipSpace(text, start + 1);
  while (text[at] !== '}') {
    const keyEnd = skipString(text, at);
    const inner = [...path, JSON.parse(text.slice(at, keyEnd)) as string];
    const id = JSON.stringify(inner);
    if (offsets.keys.has(id)) offsets.repeated.push(inner);
    offsets.keys.set(id, at);
    const colon = skipSpace(text, keyEnd);
    at = skipSpace(text, scanValue(text, skipSpace(text, colon + 1), inner, offsets));
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return at + 1;
}

function scanArray(text: string, start: number, path: JsonPath, offsets: Offsets): number {
  let at = skipSpace(text, start + 1);
  for (let index = 0; text[at] !== ']'; index++) {
    at = skipSpace(text, scanValue(text, at, [...path, index], offsets));
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return at + 1;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++;
  return at;
}

function skipString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Any value, without a call for each level. */
function skipNested(text: string, start: number): number {
  let open = 0;
  let at = start;
  do {
    const character = text[at]!;
    if (character === '"') at = skipString(text, at);
    else if ('{}[],: \t\r\n'.includes(character)) at++;
    else at = skipWord(text, at);
    if (character === '{' || character === '[') open++;
    if (character === '}' || character === ']') open--;
  } while (open > 0);
  return at;
}

/** A number, `true`, `false` or `null`. */
function skipWord(text: string, start: number): number {
  let at = start;
  while (at < text.length && !' \t\r\n,]}'.includes(text[at]!)) at++;
  return at;
}
