import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildFailure, build, type Message, type OnResolveResult, type PluginBuild } from 'esbuild';
import type { BundleRecord } from './script-cache.js';

/*
 * Run as a process of its own, `node bundler.js SCRIPT OUTFILE`: esbuild's interface takes 6 MB that a host would keep
 * for good. Writes what went in to standard output, as JSON, or what is wrong to standard error.
 */

const RESOLVING = Symbol('resolving');

/**
 * Packages that are bundled in, since most of them is not used: zod takes 8.5 MB and 60 ms as a whole, 2 MB so.
 * Schemas are known by Standard Schema, not by their class, so a second zod does no harm.
 */
const BUNDLED = /^zod(\/|$)/;
/** A user's own code under a package's name (workspaces, `#imports`, tsconfig's `paths`), which Node 20 cannot read. */
const TYPESCRIPT = /\.[cm]?tsx?$/;

/** What a bundle says in place of `import.meta`, which would be the bundle's: constants at the head of each file. */
const PLACES = { url: '__jitneyUrl', dirname: '__jitneyDirname', filename: '__jitneyFilename' } as const;

async function bundle(script: string, outfile: string): Promise<BundleRecord> {
  const inputs: Record<string, string> = {};
  const outside = new Set<string>();
  await build({
    entryPoints: [script],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // Those of Node: esbuild's own `module` would name files that Node does not load.
    conditions: ['node-addons'],
    define: Object.fromEntries(Object.entries(PLACES).map(([key, name]) => [`import.meta.${key}`, name])),
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'silent',
    plugins: [
      { name: 'packages', setup: (setup) => keepPackagesOutside(setup, outside) },
      { name: 'files', setup: (setup) => readFiles(setup, inputs) },
    ],
  });
  return { inputs, outside: [...outside] };
}

/** Packages stay imports, by the file they resolve to from the script; Jitney's own also where the user has none. */
function keepPackagesOutside(setup: PluginBuild, outside: Set<string>): void {
  setup.onResolve({ filter: /^[^./]/ }, async (wanted): Promise<OnResolveResult | null> => {
    if (wanted.kind === 'entry-point' || wanted.pluginData === RESOLVING) return null;
    if (isBuiltin(wanted.path)) return { external: true };
    for (const resolveDir of [wanted.resolveDir, import.meta.dirname]) {
      const { path, errors } = await setup.resolve(wanted.path, {
        kind: wanted.kind,
        resolveDir,
        pluginData: RESOLVING,
      });
      if (errors.length > 0) continue;
      if (BUNDLED.test(wanted.path)) return { path, sideEffects: false };
      if (TYPESCRIPT.test(path)) return { path };
      outside.add(path);
      return { path: pathToFileURL(path).href, external: true };
    }
    const name = packageName(wanted.path);
    return { errors: [{ text: `package '${name}' is not installed: run npm install ${name}` }] };
  });
}

function packageName(path: string): string {
  return path.split('/', path.startsWith('@') ? 2 : 1).join('/');
}

/** Digests what esbuild gets, so that what is remembered is what was bundled, whatever is written meanwhile. */
function readFiles(setup: PluginBuild, inputs: Record<string, string>): void {
  setup.onLoad({ filter: /\.([cm]?[jt]sx?|json)$/, namespace: 'file' }, async ({ path }) => {
    const bytes = await readFile(path);
    inputs[path] = createHash('sha256').update(bytes).digest('hex');
    return { contents: path.endsWith('.json') ? bytes : withPlaces(bytes.toString(), path), loader: 'default' };
  });
}

/** On the first line, so that all lines keep their numbers. */
function withPlaces(code: string, path: string): string {
  if (!code.includes('import.meta') || code.startsWith('#!')) return code;
  const values = { url: pathToFileURL(path).href, dirname: dirname(path), filename: path };
  const constants = Object.entries(PLACES).map(([key, name]) => `${name} = ${JSON.stringify(values[key as 'url'])}`);
  return `const ${constants.join(', ')}; ${code}`;
}

function describeFailure({ errors }: BuildFailure, script: string): string {
  return errors.map((error) => `${error.text}${placeOf(error, script)}`).join('; ');
}

function placeOf({ location }: Message, script: string): string {
  if (location === null) return '';
  const file = fileURLToPath(new URL(location.file, pathToFileURL(`${process.cwd()}/`)));
  return file === script ? ` (line ${location.line})` : ` (${file}, line ${location.line})`;
}

const [script = '', outfile = ''] = process.argv.slice(2);
try {
  process.stdout.write(JSON.stringify(await bundle(script, outfile)));
} catch (thrown) {
  const failure = thrown as Partial<BuildFailure>;
  process.stderr.write(
    failure.errors === undefined ? String(thrown) : describeFailure(failure as BuildFailure, script),
  );
  process.exitCode = 1;
}
