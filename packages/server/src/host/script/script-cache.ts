import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JitneyError } from '@jitney/core';

const BUNDLER = fileURLToPath(new URL('./bundler.js', import.meta.url));

/** A script bundled into one file that can be imported from anywhere. */
export interface BundledScript {
  readonly path: string;
  /** Called once it is imported. */
  release(): Promise<void>;
}

interface CacheEntry {
  /** Digest of each file that went in. */
  readonly inputs: Readonly<Record<string, string>>;
}

/**
 * Bundles `script` with its own relative imports, or finds it as it was bundled before: in the user's cache folder,
 * by what is in its files.
 * @throws JitneyError `INVALID_MODEL` with what the bundler found, by line.
 */
export async function bundleScript(script: string): Promise<BundledScript> {
  const folder = await cacheFolder();
  if (folder === null) return bundleOnce(script);
  const name = join(
    folder,
    `${basename(script, extname(script))}-${digest(`${script}\n${await bundlerAge()}`).slice(0, 24)}`,
  );
  const path = `${name}.mjs`;
  if (await isFresh(`${name}.json`)) return { path, release: async () => {} };
  const draft = `${name}-${randomUUID()}.mjs`;
  const inputs = await runBundler(script, draft);
  await rename(draft, path);
  await writeFile(draft, JSON.stringify({ inputs: await digests(inputs) } satisfies CacheEntry), { mode: 0o600 });
  await rename(draft, `${name}.json`);
  return { path, release: async () => {} };
}

/** Where no cache can be kept: into a folder that is removed after the import. */
async function bundleOnce(script: string): Promise<BundledScript> {
  const folder = await mkdtemp(join(tmpdir(), 'jitney-script-'));
  const path = join(folder, `${basename(script, extname(script))}.mjs`);
  const release = () => rm(folder, { recursive: true, force: true });
  try {
    await runBundler(script, path);
  } catch (thrown) {
    await release();
    throw thrown;
  }
  return { path, release };
}

/** The user's own cache folder, `null` where there is none that only this user can write to. */
async function cacheFolder(): Promise<string | null> {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'jitney', 'scripts');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = await stat(folder);
    const isOurs = process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
    return isOurs ? folder : null;
  } catch {
    return null;
  }
}

async function isFresh(entryPath: string): Promise<boolean> {
  try {
    const { inputs } = JSON.parse(await readFile(entryPath, 'utf8')) as CacheEntry;
    const now = await digests(Object.keys(inputs));
    return Object.entries(inputs).every(([path, was]) => now[path] === was);
  } catch {
    return false;
  }
}

/** A new release of Jitney or of esbuild bundles anew. */
async function bundlerAge(): Promise<string> {
  const { mtimeMs } = await stat(BUNDLER);
  return `${BUNDLER} ${mtimeMs}`;
}

async function digests(paths: readonly string[]): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, digest(await readFile(path))] as const)),
  );
}

function digest(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function runBundler(script: string, outfile: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [BUNDLER, script, outfile], { maxBuffer: 16 * 2 ** 20 }, (error, stdout, stderr) => {
      if (error === null) return resolve(JSON.parse(stdout) as string[]);
      reject(new JitneyError('INVALID_MODEL', `${script}: ${stderr.trim() || error.message}`, { cause: error }));
    });
  });
}
