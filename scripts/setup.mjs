import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './child.mjs';
import { withLock } from './lock.mjs';

/** The project's root folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Installs what package-lock.json names and builds the packages, each only where something changed. Without a change
 * it starts no npm and needs no network. Several at once wait for one another.
 *
 * @param {string} root
 * @param {(line: string) => void} say
 */
export async function setup(root = ROOT, say = sayOnStderr) {
  const lock = join(root, '.cache', 'setup.lock');
  const onWait = () => say(`Waiting for another setup of this folder (it holds ${lock}) …`);
  await withLock(lock, { onWait }, async () => {
    await install(root, say);
    await build(root, say);
  });
}

/**
 * @param {string} root
 * @param {(line: string) => void} say
 */
export async function install(root, say) {
  const stamp = join(root, 'node_modules', '.jitney-installed');
  const wanted = lockfileMark(root);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  await step('Installing packages', say, async () => {
    const code = await npm(root, installArguments(root));
    if (code !== 0) {
      throw new Error(
        `npm could not install the packages (exit code ${code}, see above). This step needs the network.`,
      );
    }
  });
  writeFileSync(stamp, wanted);
}

/**
 * What an install depends on: the lock file, and the platform whose binaries were chosen.
 *
 * @param {string} root
 */
function lockfileMark(root) {
  const hash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  return `${hash} ${process.platform}-${process.arch}\n`;
}

/**
 * A fresh clone gets exactly the lock file. Where packages are already there, only the difference is fetched: nothing
 * at all where they fit, also without a network, and a server that runs from this folder keeps its files.
 *
 * @param {string} root
 */
function installArguments(root) {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  if (!existsSync(join(root, 'node_modules'))) return ['ci', ...quiet];
  // --no-save: the lock file stays as it was committed, whatever npm's version would write.
  return ['install', '--no-save', '--prefer-offline', ...quiet];
}

/**
 * @param {string} root
 * @param {readonly string[]} args
 */
function npm(root, args) {
  // The optional CUDA download of onnxruntime-node is 200 MB, and no part of this project.
  const options = { cwd: root, env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' } };
  const own = process.env.npm_execpath;
  if (own?.endsWith('npm-cli.js')) return run(process.execPath, [own, ...args], options);
  return run('npm', args, { ...options, shell: process.platform === 'win32' });
}

/**
 * The compiler itself knows what changed: 70 ms where nothing did.
 *
 * @param {string} root
 * @param {(line: string) => void} say
 */
export async function build(root, say) {
  await step('Building', say, async () => {
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const code = await run(process.execPath, [compiler, '-b', 'tsconfig.build.json'], { cwd: root });
    if (code !== 0) throw new Error('The build failed: see the errors above.');
  });
}

/**
 * Says what takes long: when it began, that it goes on, how long it took. Short work is silent.
 *
 * @param {string} name
 * @param {(line: string) => void} say
 * @param {() => Promise<void>} work
 */
async function step(name, say, work) {
  const startedAtMs = performance.now();
  const seconds = () => ((performance.now() - startedAtMs) / 1000).toFixed(1);
  let told = false;
  const begin = setTimeout(() => {
    told = true;
    say(`${name} …`);
  }, 300);
  const goOn = setInterval(() => say(`${name} … (${seconds()} s)`), 15_000);
  try {
    await work();
    if (told) say(`${name} took ${seconds()} s.`);
  } finally {
    clearTimeout(begin);
    clearInterval(goOn);
  }
}

/** @param {string} line */
function sayOnStderr(line) {
  process.stderr.write(`${line}\n`);
}
