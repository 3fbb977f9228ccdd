import { isBuiltin } from 'node:module';
import { pathToFileURL } from 'node:url';
import { type BuildFailure, build, type PluginBuild } from 'esbuild';

/*
 * Run as a process of its own, `node bundler.js SCRIPT OUTFILE`: esbuild's interface takes 6 MB that a host would keep
 * for good. Writes the absolute paths of the files that went in to standard output, as JSON, or what is wrong to
 * standard error.
 */

const RESOLVING = Symbol('resolving');

/**
 * Packages that are bundled in, since most of them is not used: zod takes 8.5 MB and 60 ms as a whole, 2 MB so.
 * Schemas are known by Standard Schema, not by their class, so a second zod does no harm.
 */
const BUNDLED = /^zod(\/|$)/;

async function bundle(script: string, outfile: string): Promise<readonly string[]> {
  const { metafile } = await build({
    entryPoints: [script],
    outfile,
    absWorkingDir: '/',
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    sourcesContent: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [{ name: 'packages', setup: keepPackagesOutside }],
  });
  return Object.keys(metafile.inputs).map((input) => `/${input}`);
}

/** Packages stay imports, by the file they resolve to from the script; Jitney's own also where the user has none. */
function keepPackagesOutside(setup: PluginBuild): void {
  setup.onResolve({ filter: /^[^./]/ }, async (wanted) => {
    if (wanted.kind === 'entry-point' || wanted.pluginData === RESOLVING) return null;
    if (isBuiltin(wanted.path)) return { external: true };
    for (const resolveDir of [wanted.resolveDir, import.meta.dirname]) {
      const found = await setup.resolve(wanted.path, { kind: wanted.kind, resolveDir, pluginData: RESOLVING });
      if (found.errors.length > 0) continue;
      if (BUNDLED.test(wanted.path)) return { path: found.path, sideEffects: false };
      return { path: pathToFileURL(found.path).href, external: true };
    }
    return { errors: [{ text: `package '${wanted.path}' is not installed: run npm install ${wanted.path}` }] };
  });
}

function describeFailure({ errors }: BuildFailure): string {
  return errors.map(({ text, location }) => (location === null ? text : `${text} (line ${location.line})`)).join('; ');
}

const [script = '', outfile = ''] = process.argv.slice(2);
try {
  process.stdout.write(JSON.stringify(await bundle(script, outfile)));
} catch (thrown) {
  const failure = thrown as Partial<BuildFailure>;
  process.stderr.write(failure.errors === undefined ? String(thrown) : describeFailure(failure as BuildFailure));
  process.exitCode = 1;
}
