import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  access,
  appendFile,
  constants,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
} from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JitneyError } from '@jitney/core';

/** A script bundled into one file that can be imported from anywhere. */
export interface BundledScript {
  readonly path: string;
  /** Called once it is imported. */
  release(): Promise<void>;
}

/** What a bundle was made of. It stands in the bundle's last line. */
export interface BundleRecord {
  /** SHA-256 of each file that went in, by its absolute path. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Files of packages that the bundle imports. */
  readonly outside: readonly string[];
}

export interface ScriptCacheOptions {
  /** The bundler's main module. */
  readonly bundler: string;
  /** Where bundles are kept. */
  readonly folder: string;
}

/** Bundles that nobody used for so long are removed. */
const KEPT_UNUSED_MS = 30 * 24 * 60 * 60 * 1000;

const RECORD = '\n//# jitney ';

/**
 * Bundles `script` with its own relative imports, or finds it as it was bundled before: in the user's cache folder,
 * by what is in its files.
 * @throws JitneyError `INVALID_MODEL` with what the bundler found, by line.
 */
export async function bundleScript(
  script: string,
  { bundler, folder }: ScriptCacheOptions = userCache(),
): Promise<BundledScript> {
  if (!(await isOwnFolder(folder))) return bundleOnce(bundler, script);
  const path = join(folder, await cachedName(bundler, script));
  if (await isFresh(path)) {
    await utimes(path, new Date(), new Date());
  } else {
    await bundleInto(path, bundler, script);
    await removeUnused(folder);
  }
  return { path, release: async () => {} };
}

async function bundleInto(path: string, bundler: string, script: string): Promise<void> {
  const draft = `${path}-${randomUUID()}`;
  const record = await runBundler(bundler, script, draft);
  await appendFile(draft, RECORD + JSON.stringify(record));
  // In one step: another host may read it, or write its own, at this moment.
  await rename(draft, path);
}

/** Scripts move, and releases come: what was left behind would pile up. */
async function removeUnused(folder: string): Promise<void> {
  const oldestMs = Date.now() - KEPT_UNUSED_MS;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    if (found !== null && found.mtimeMs < oldestMs) await rm(path, { force: true });
  }
}

function userCache(): ScriptCacheOptions {
  return {
    bundler: fileURLToPath(new URL('./bundler.js', import.meta.url)),
    folder: join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'jitney', 'scripts'),
  };
}

/** Where no cache can be kept: into a folder that is removed after the import. */
async function bundleOnce(bundler: string, script: string): Promise<BundledScript> {
  const folder = await mkdtemp(join(tmpdir(), 'jitney-script-'));
  const path = join(folder, `${basename(script, extname(script))}.mjs`);
  const release = () => rm(folder, { recursive: true, force: true });
  try {
    await runBundler(bundler, script, path);
  } catch (thrown) {
    await release();
    throw thrown;
  }
  return { path, release };
}

/** Makes the folder. False: this user cannot write to it, or others can, and what lies in it is run as code. */
async function isOwnFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
    const { uid, mode } = await stat(folder);
    return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
  } catch {
    return false;
  }
}

/** By the script's place, and by the bundler's age: a new release of Jitney or of esbuild bundles anew. */
async function cachedName(bundler: string, script: string): Promise<string> {
  const { mtimeMs } = await stat(bundler);
  const key = digest(`${script}\n${bundler} ${mtimeMs}`).slice(0, 24);
  return `${basename(script, extname(script))}-${key}.mjs`;
}

async function isFresh(path: string): Promise<boolean> {
  try {
    const { inputs, outside } = await readRecord(path);
    const now = await Promise.all(Object.keys(inputs).map(async (input) => digest(await readFile(input))));
    await Promise.all(outside.map((file) => stat(file)));
    return Object.values(inputs).every((was, index) => was === now[index]);
  } catch {
    return false;
  }
}

async function readRecord(path: string): Promise<BundleRecord> {
  const text = await readFile(path, 'utf8');
  return JSON.parse(text.slice(text.lastIndexOf(RECORD) + RECORD.length)) as BundleRecord;
}

function digest(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function runBundler(bundler: string, script: string, outfile: string): Promise<BundleRecord> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [bundler, script, outfile], { maxBuffer: 16 * 2 ** 20 }, (error, stdout, stderr) => {
      if (error === null) return resolve(JSON.parse(stdout) as BundleRecord);
      reject(new JitneyError('INVALID_MODEL', `${script}: ${stderr.trim() || error.message}`, { cause: error }));
    });
  });
}
