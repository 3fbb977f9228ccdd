// `npm test -- [FILTERS]`: sets up, then runs vitest once; filters and options go to vitest.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { requireNode } from '../packages/server/bin/node-version.js';

requireNode();
const { orExit } = await import('./child.mjs');
const { ROOT, setup } = await import('./setup.mjs');

await orExit(() => setup());
process.chdir(ROOT);
process.argv.splice(2, 0, 'run');
await import(pathToFileURL(join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')).href);
