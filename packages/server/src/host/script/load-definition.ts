import { mkdtemp, rm } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { JitneyError, type ModelDefinition } from '@jitney/core';
import type { PluginBuild } from 'esbuild';

const RESOLVING = Symbol('resolving');
const REQUIRED = ['model', 'input', 'output', 'preprocess', 'postprocess'] as const;

/**
 * Imports a `model.ts` (or `.mts`, `.js`, `.mjs`) without a build step and checks that it is a model definition.
 * @throws JitneyError `INVALID_MODEL` that names the file, the line where one is known, and the fix.
 */
export async function loadDefinition(path: string): Promise<ModelDefinition> {
  const module = await importScript(path);
  const definition = module.default;
  if (typeof definition !== 'object' || definition === null) {
    throw new JitneyError('INVALID_MODEL', `${path}: has no default export. Write: export default defineModel({ … })`);
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

async function importScript(path: string): Promise<{ default?: unknown }> {
  try {
    if (!stripsTypes() && isTypeScript(path)) return await importTranspiled(path);
    return await importAsItIs(path);
  } catch (thrown) {
    throw new JitneyError('INVALID_MODEL', `${path}: cannot be imported: ${describe(thrown, path)}`, { cause: thrown });
  }
}

const isTypeScript = (path: string) => extname(path) === '.ts' || extname(path) === '.mts';

/** Node strips types by itself from 22.18 and 23.6 on. */
const stripsTypes = () => 'typescript' in process.features && Boolean(process.features.typescript);

/** What the bundler mends and Node does not: enums, imports without an extension, `jitney` that is not installed. */
const MENDED_BY_BUNDLING = new Set([
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_MODULE_NOT_FOUND',
  'ERR_UNSUPPORTED_DIR_IMPORT',
]);

async function importAsItIs(path: string): Promise<{ default?: unknown }> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (thrown) {
    if (MENDED_BY_BUNDLING.has((thrown as NodeJS.ErrnoException).code ?? '')) return await importTranspiled(path);
    throw thrown;
  }
}

/**
 * Bundles the script with its own relative imports into one file and imports that. Packages stay imports, resolved
 * from the script's folder; Jitney's own also where the user installed none.
 */
async function importTranspiled(path: string): Promise<{ default?: unknown }> {
  const esbuild = await import('esbuild');
  const folder = await mkdtemp(join(tmpdir(), 'jitney-script-'));
  try {
    const outfile = join(folder, `${basename(path, extname(path))}.mjs`);
    await esbuild.build({
      entryPoints: [path],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: 'inline',
      logLevel: 'silent',
      plugins: [{ name: 'packages', setup: keepPackagesOutside }],
    });
    process.setSourceMapsEnabled(true);
    return await import(pathToFileURL(outfile).href);
  } finally {
    await esbuild.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function keepPackagesOutside(setup: PluginBuild): void {
  setup.onResolve({ filter: /^[^./]/ }, async (wanted) => {
    if (wanted.kind === 'entry-point' || wanted.pluginData === RESOLVING) return null;
    if (isBuiltin(wanted.path)) return { external: true };
    for (const resolveDir of [wanted.resolveDir, import.meta.dirname]) {
      const found = await setup.resolve(wanted.path, { kind: wanted.kind, resolveDir, pluginData: RESOLVING });
      if (found.errors.length === 0) return { path: pathToFileURL(found.path).href, external: true };
    }
    return { errors: [{ text: `package '${wanted.path}' is not installed: run npm install ${wanted.path}` }] };
  });
}

function describe(thrown: unknown, path: string): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const line = thrown.stack?.match(new RegExp(`${basename(path).replaceAll('.', '\\.')}:(\\d+)`))?.[1];
  return line === undefined ? thrown.message : `${thrown.message} (line ${line})`;
}
