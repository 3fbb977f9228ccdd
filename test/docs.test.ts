import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Command, type Expected, readPage } from './docs/commands.js';
import { difference, isSameText } from './docs/same.js';
import { type RunningJitney, startJitney } from './support/jitney.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** The pages show the default address; here each server has a port of its own. */
const SHOWN_ADDRESS = /(?:127\.0\.0\.1|localhost):8000/g;
const TOOLS = ['sh', 'curl'];

const missing = TOOLS.filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => join('docs', name))]
  .filter((path) => path.endsWith('.md') && existsSync(join(ROOT, path)))
  .map((path) => ({ path, ...readPage(readFileSync(join(ROOT, path), 'utf8')) }))
  .filter(({ commands }) => commands.length > 0);

/** Runs a block as a reader would, from the project's root, with the project's commands on the path. */
async function output({ script }: Command, url: string | null): Promise<string> {
  const address = url === null ? null : new URL(url).host;
  const command = address === null ? script : script.replace(SHOWN_ADDRESS, address);
  const PATH = `${join(ROOT, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`;
  const { stdout } = await promisify(execFile)('sh', ['-ec', command], { cwd: ROOT, env: { ...process.env, PATH } });
  return address === null ? stdout : stdout.replaceAll(address, '127.0.0.1:8000');
}

function problem(expected: Expected, printed: string): string | null {
  switch (expected.kind) {
    case 'nothing-said':
      return null;
    case 'json':
      return differenceOfJson(expected.value, printed);
    case 'text':
      return isSameText(expected.text, printed) ? null : `expected ${expected.text}\n\ngot ${printed}`;
  }
}

function differenceOfJson(expected: unknown, printed: string): string | null {
  try {
    return difference(expected, JSON.parse(printed));
  } catch {
    return `expected JSON, got ${printed}`;
  }
}

describe.skipIf(missing.length > 0).each(pages)('$path', ({ serve, commands }) => {
  let server: RunningJitney | null = null;
  beforeAll(async () => {
    server = serve === null ? null : await startJitney(serve);
  });
  afterAll(() => server?.stop());

  it.each(commands)('line $line does what the page says', async (command) => {
    expect(problem(command.expected, await output(command, server?.url ?? null))).toBeNull();
  });
});

describe('the pages', () => {
  it.runIf(missing.length > 0)(`cannot be executed here: ${missing.join(' and ')} missing`, (test) => test.skip());

  it.runIf(existsSync(join(ROOT, 'README.md')))('have the README among those that are executed', () => {
    expect(pages.map(({ path }) => path)).toContain('README.md');
  });
});
