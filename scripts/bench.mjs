// `npm run bench [-- SCENE … OPTIONS]`: sets up, then measures (bench/README.md).
import { requireNode } from '../packages/server/bin/node-version.js';

requireNode();
const { orExit } = await import('./child.mjs');
const { setup } = await import('./setup.mjs');

await orExit(() => setup());
await import('../bench/dist/main.js');
