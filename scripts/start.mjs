// `npm start -- [OPTIONS]`: serves the examples; the options go to `jitney serve`.
import { requireNode } from '../packages/server/bin/node-version.js';

requireNode();
const { orExit } = await import('./child.mjs');
const { ROOT, setup } = await import('./setup.mjs');

await orExit(() => setup());
process.chdir(ROOT);
const jitney = `${ROOT}packages/server/bin/jitney.js`;
process.argv = [process.execPath, jitney, 'serve', 'examples/models', ...process.argv.slice(2)];
// In this very process: signals reach the supervisor, and its exit code the caller, with nobody in between.
await import('../packages/server/bin/jitney.js');
