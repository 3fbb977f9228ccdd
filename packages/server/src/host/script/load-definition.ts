import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { JitneyError, type ModelDefinition } from '@jitney/core';
import { bundleScript, type ScriptCacheOptions } from './script-cache.js';

/** Declared in the types so that they stay right, and not carried out yet: better refused than without effect. */
const LATER = ['setup', 'close', 'effects', 'batch', 'stream'] as const;

const REQUIRED = ['model', 'input', 'output', 'preprocess', 'postprocess'] as const;

/**
 * Imports a `model.ts` (or `.mts`, `.js`, `.mjs`) without a build step and checks that it is a model definition.
 * @throws JitneyError `INVALID_MODEL` that names the file, the line where one is known, and the fix.
 */
export async function loadDefinition(path: string, cache?: ScriptCacheOptions): Promise<ModelDefinition> {
  const module = await importScript(path, cache);
  const definition = module.default;
  if (typeof definition !== 'object' || definition === null) {
    throw new JitneyError('INVALID_MODEL', `${path}: has no default export. Write: export default defineModel({ … })`);
  }
  const later = LATER.filter((key) => (definition as Record<string, unknown>)[key] !== undefined);
  if (later.length > 0) {
    throw new JitneyError(
      'INVALID_MODEL',
      `${path}: ${later.join(', ')} of defineModel is not in this release: leave it out`,
    );
  }
  const missing = REQUIRED.filter((key) => (definition as Record<string, unknown>)[key] === undefined);
  if (missing.length > 0) {
    throw new JitneyError('INVALID_MODEL', `${path}: defineModel({ … }) lacks ${missing.join(', ')}`);
  }
  checkFields(path, definition as ModelDefinition);
  return definition as ModelDefinition;
}

function checkFields(path: string, definition: ModelDefinition): void {
  if (typeof definition.model !== 'string') {
    throw new JitneyError('INVALID_MODEL', `${path}: 'model' must be the path of a model file, as a string`);
  }
  for (const key of ['preprocess', 'postprocess'] as const) {
    if (typeof definition[key] !== 'function') {
      throw new JitneyError('INVALID_MODEL', `${path}: '${key}' must be a function, got ${typeof definition[key]}`);
    }
  }
  for (const key of ['input', 'output'] as const) {
    if (typeof definition[key]?.['~standard']?.validate !== 'function') {
      throw new JitneyError(
        'INVALID_MODEL',
        `${path}: '${key}' must be a schema (zod 4, valibot, arktype or another that follows Standard Schema)`,
      );
    }
  }
}

async function importScript(path: string, cache?: ScriptCacheOptions): Promise<{ default?: unknown }> {
  const bundled = await bundleScript(path, cache);
  process.setSourceMapsEnabled(true);
  try {
    return await import(pathToFileURL(bundled.path).href);
  } catch (thrown) {
    throw new JitneyError('INVALID_MODEL', `${path}: cannot be imported: ${describe(thrown, path)}`, { cause: thrown });
  } finally {
    await bundled.release();
  }
}

function describe(thrown: unknown, path: string): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const line = thrown.stack?.match(new RegExp(`${basename(path).replaceAll('.', '\\.')}:(\\d+)`))?.[1];
  return line === undefined ? thrown.message : `${thrown.message} (line ${line})`;
}
