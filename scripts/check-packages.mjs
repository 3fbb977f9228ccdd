// Are the packages, as npm would publish them, what their package.json says? Asks publint for each.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.mjs';
import { ROOT } from './setup.mjs';

const publint = join(ROOT, 'node_modules', 'publint', 'src', 'cli.js');

for (const name of readdirSync(join(ROOT, 'packages'))) {
  const code = await run(process.execPath, [publint, join('packages', name), '--strict'], { cwd: ROOT });
  if (code !== 0) process.exitCode = 1;
}
