import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveSessionOptions } from './session-options.js';
import { identityModel } from './testing/models.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');

describe('the README', () => {
  it('shows a program that prints what it says', () => {
    const [, program, output] = /```js\n(.*?)```.*?```\n(.*?)```/s.exec(readme) ?? [];
    // Inside the package, so that its name leads to itself.
    const folder = mkdtempSync(join(root, 'dist', 'readme-'));
    try {
      writeFileSync(join(folder, 'model.onnx'), identityModel('FP32'));
      writeFileSync(join(folder, 'program.mjs'), program ?? '');
      const printed = execFileSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' });
      expect(printed).toBe(output);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('names every session option', () => {
    const names = Object.keys(resolveSessionOptions());
    expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });
});
