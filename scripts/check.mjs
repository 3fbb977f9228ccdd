// `npm run check`: everything that is proved without running Jitney. Goes on after a failure and names all of them.
import { fileURLToPath } from 'node:url';
import { orExit, run } from './child.mjs';
import { ROOT, setup } from './setup.mjs';

/** @typedef {{ readonly name: string, readonly script: string, readonly args: readonly string[] }} Check */

const colors = process.stderr.isTTY ? 'force' : 'off';

/** @type {readonly Check[]} */
const CHECKS = [
  { name: 'types', script: 'node_modules/typescript/bin/tsc', args: ['-p', 'tsconfig.json'] },
  {
    name: 'lint, import directions and format',
    script: 'node_modules/@biomejs/biome/bin/biome',
    args: ['ci', '.', '--error-on-warnings', `--colors=${colors}`],
  },
  { name: 'unused exports and dependencies', script: 'node_modules/knip/bin/knip.js', args: [] },
  { name: 'shape of the packages', script: 'scripts/check-packages.mjs', args: [] },
  { name: 'generated pages', script: 'scripts/docs.mjs', args: ['--check'] },
];

/**
 * Runs every check and prints each one's outcome.
 *
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function check() {
  /** @type {string[]} */
  const failed = [];
  for (const { name, script, args } of CHECKS) {
    const startedAtMs = performance.now();
    const code = await run(process.execPath, [script, ...args], { cwd: ROOT });
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    process.stderr.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`);
    if (code !== 0) failed.push(name);
  }
  if (failed.length > 0) process.stderr.write(`\nFailed: ${failed.join(', ')}\n`);
  return { passed: CHECKS.length - failed.length, failed: failed.length };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await orExit(() => setup());
  const { failed } = await check();
  process.exitCode = failed === 0 ? 0 : 1;
}
