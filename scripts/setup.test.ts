import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from './child.mjs';
import { build, install, ROOT } from './setup.mjs';

let root: string;
const said: string[] = [];
const say = (line: string) => said.push(line);

/** A project of one local dependency: npm needs no network for it. */
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'jitney-setup-'));
  depend('one');
  await lock();
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
  said.length = 0;
});

function depend(...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(join(root, name), { recursive: true });
    writeFileSync(join(root, name, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
  }
  const dependencies = Object.fromEntries(names.map((name) => [name, `file:./${name}`]));
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name: 'project', version: '1.0.0', dependencies }));
}

async function lock(): Promise<void> {
  const args = ['install', '--package-lock-only', '--offline', '--no-audit', '--no-fund', '--loglevel=error'];
  expect(await run('npm', args, { cwd: root, stdio: 'ignore', shell: process.platform === 'win32' })).toBe(0);
}

/** From here on, starting npm fails. */
function withoutNpm(): void {
  vi.stubEnv('npm_execpath', join(root, 'absent', 'npm-cli.js'));
}

describe('a fresh clone', () => {
  it('gets what the lock file names, and keeps the lock file', async () => {
    const before = readFileSync(join(root, 'package-lock.json'));
    await install(root, say);
    expect(existsSync(join(root, 'node_modules', 'one', 'package.json'))).toBe(true);
    expect(readFileSync(join(root, 'package-lock.json'))).toEqual(before);
  });

  it('that npm cannot install says so, and is tried again', async () => {
    withoutNpm();
    await expect(install(root, say)).rejects.toThrow('npm could not install the packages (exit code 1, see above)');
    vi.unstubAllEnvs();
    await install(root, say);
    expect(existsSync(join(root, 'node_modules', 'one'))).toBe(true);
  });
});

describe('a folder that is set up', () => {
  beforeEach(() => install(root, say));

  it('starts no npm', async () => {
    withoutNpm();
    await install(root, say);
  });

  it('gets only the difference when the lock file changed', async () => {
    writeFileSync(join(root, 'node_modules', '.in-use'), '');
    depend('one', 'two');
    await lock();
    await install(root, say);
    expect(existsSync(join(root, 'node_modules', 'two'))).toBe(true);
    expect(existsSync(join(root, 'node_modules', '.in-use'))).toBe(true);
  });

  it('needs no network when somebody else installed what the lock file names', async () => {
    rmSync(join(root, 'node_modules', '.jitney-installed'));
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:1/');
    await install(root, say);
  });
});

describe('two setups at once', () => {
  it('install once', async () => {
    cpSync(join(ROOT, 'scripts'), join(root, 'scripts'), { recursive: true });
    const program = `
      import { withLock } from './scripts/lock.mjs';
      import { install } from './scripts/setup.mjs';
      await withLock('.cache/setup.lock', {}, () => install('.', () => {}));`;
    const start = () =>
      spawn(process.execPath, ['--input-type=module', '-e', program], {
        cwd: root,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    const children = [start(), start()];
    const printed = await Promise.all(children.map((child) => text(child.stderr)));
    await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')));
    expect(printed.filter((output) => output.includes('added 1 package'))).toHaveLength(1);
  });
});

describe('a build', () => {
  beforeEach(() => {
    mkdirSync(join(root, 'node_modules'));
    symlinkSync(join(ROOT, 'node_modules', 'typescript'), join(root, 'node_modules', 'typescript'));
    const compilerOptions = { composite: true, rootDir: 'src', outDir: 'dist', types: [] };
    writeFileSync(join(root, 'tsconfig.build.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
    mkdirSync(join(root, 'src'));
  });

  it('is made when a source changed', async () => {
    writeFileSync(join(root, 'src', 'a.ts'), 'export const a = 1;\n');
    await build(root, say);
    writeFileSync(join(root, 'src', 'a.ts'), 'export const a = 2;\n');
    await build(root, say);
    expect(readFileSync(join(root, 'dist', 'a.js'), 'utf8')).toContain('a = 2');
  });

  it('that fails is an error', async () => {
    writeFileSync(join(root, 'src', 'a.ts'), 'export const a: number = "1";\n');
    await expect(build(root, say)).rejects.toThrow('The build failed');
  });
});
