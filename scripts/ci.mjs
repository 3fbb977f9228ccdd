// All that must hold before a change lands: `npm test` and the checks. Its last line is `N passed, N failed`.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { requireNode } from '../packages/server/bin/node-version.js';

requireNode();
const { run } = await import('./child.mjs');
const { check } = await import('./check.mjs');
const { ROOT } = await import('./setup.mjs');

const TESTS_MAX_MS = 25 * 60_000;

const tests = await test();
const checks = await check();
const passed = tests.passed + checks.passed;
const failed = tests.failed + checks.failed;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

async function test() {
  const report = join(ROOT, '.cache', 'ci', 'tests.json');
  mkdirSync(join(report, '..'), { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = await run('npm', ['test', '--', ...reporters], {
    cwd: ROOT,
    shell: process.platform === 'win32',
    signal: AbortSignal.timeout(TESTS_MAX_MS),
  }).catch(tellFailure);
  return count(report, code);
}

/** @param {unknown} error */
function tellFailure(error) {
  process.stderr.write(`npm test did not end by itself: ${error}\n`);
  return 1;
}

/**
 * What vitest reports, plus one failure where it failed for a reason that no test has: a file that cannot be loaded,
 * an error outside every test, a crash before there was a report.
 *
 * @param {string} report
 * @param {number} code
 */
function count(report, code) {
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests: passed, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
  const failed = numFailedTests === 0 && code !== 0 ? 1 : numFailedTests;
  return { passed, failed };
}
