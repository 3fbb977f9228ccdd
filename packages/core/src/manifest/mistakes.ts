import * as z from 'zod';
import { nearestName } from '../nearest-name.js';
import type { JsonPath } from './json-places.js';

/** One thing that is wrong with settings. */
export interface Mistake {
  /** The setting to blame, or the key that is none. */
  readonly path: JsonPath;
  /** Whether the key itself is wrong, or the value it holds. */
  readonly at: 'key' | 'value';
  /** Without the path: what was expected and what was got, with the fix where one is known. */
  readonly text: string;
}

export type Checked<T> =
  | { readonly state: 'right'; readonly value: T }
  | { readonly state: 'wrong'; readonly mistakes: readonly Mistake[] };

/**
 * Checks `value` and explains every mistake. The schema's `error` texts must continue "expected …".
 * Works for any tree of strict objects, `model.json` and the config file alike.
 */
export function checkSettings<Schema extends z.ZodType>(schema: Schema, value: unknown): Checked<z.output<Schema>> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { state: 'right', value: parsed.data };
  return { state: 'wrong', mistakes: parsed.error.issues.flatMap((issue) => explain(schema, value, issue)) };
}

function explain(schema: z.ZodType, value: unknown, issue: z.core.$ZodIssue): Mistake[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], at: 'key', text: unknownKey(schema, path, key) }));
  }
  const text = `expected ${issue.message}, got ${show(valueAt(value, path))}`;
  return [{ path, at: 'value', text }];
}

function unknownKey(schema: z.ZodType, path: JsonPath, key: string): string {
  const siblings = keysAt(schema, path);
  const near = nearestName(key, siblings);
  if (near !== null) return `is not a setting; did you mean ${near}?`;
  const elsewhere = allPaths(schema, []).find((known) => known.at(-1) === key);
  if (elsewhere !== undefined) return `is not a setting here; it belongs at ${elsewhere.join('.')}`;
  return `is not a setting; known here are ${siblings.join(', ')}`;
}

/** The schema without the wrappers that say it may be absent. */
function unwrap(schema: unknown): unknown {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodReadonly) {
    inner = inner.unwrap();
  }
  return inner;
}

function keysAt(schema: z.ZodType, path: JsonPath): string[] {
  let inner = unwrap(schema);
  for (const step of path) inner = inner instanceof z.ZodObject ? unwrap(inner.shape[step]) : undefined;
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function allPaths(schema: unknown, path: readonly string[]): string[][] {
  const inner = unwrap(schema);
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape).flatMap(([key, value]) => [[...path, key], ...allPaths(value, [...path, key])]);
}

function valueAt(value: unknown, path: JsonPath): unknown {
  let inner = value;
  for (const step of path) inner = (inner as Record<string | number, unknown> | null | undefined)?.[step];
  return inner;
}

const SHOWN_CHARACTERS = 60;

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const json = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  const short = json.length > SHOWN_CHARACTERS ? `${json.slice(0, SHOWN_CHARACTERS)}…` : json;
  return typeof value === 'string' ? `the text ${short}` : short;
}
