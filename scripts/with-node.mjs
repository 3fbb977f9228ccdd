// `node scripts/with-node.mjs 22 -- npm test`: runs a command with another Node, which npm brings into a cache folder.
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { orExit, run } from './child.mjs';

const [version, dashes, command, ...args] = process.argv.slice(2);

await orExit(async () => {
  if (version === undefined || dashes !== '--' || command === undefined) {
    throw new Error('Usage: node scripts/with-node.mjs VERSION -- COMMAND [ARGUMENT …], for example 22 -- npm test');
  }
  const node = await fetchNode(version);
  // First on the path: also npm and every child use it.
  const PATH = `${dirname(node)}${delimiter}${process.env.PATH}`;
  process.exitCode = await run(command, args, { stdio: 'inherit', env: { ...process.env, PATH } });
});

/**
 * The executable of that Node, once fetched kept in the user's cache.
 *
 * @param {string} version for example `22` or `24.9.0`
 */
async function fetchNode(version) {
  const name = `node-${process.platform}-${process.arch}`;
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const folder = join(cache, 'jitney', `node-${version}`);
  const node = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true });
  const code = await run('npm', [
    'install',
    '--prefix',
    folder,
    '--no-save',
    '--no-package-lock',
    `${name}@${version}`,
  ]);
  if (code !== 0 || !existsSync(node)) throw new Error(`npm could not fetch ${name}@${version} into ${folder}.`);
  return node;
}
