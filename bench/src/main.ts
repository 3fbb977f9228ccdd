/*
 * `npm run bench [-- SCENE … --quick --rounds N --only SERVERS]`: runs the scenes and writes RESULTS.md.
 * `npm run bench -- tune [SCENE …]`: finds the best settings of the peers.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchOptions, parseOptions } from './options.js';
import { Children } from './processes/children.js';
import { runScene } from './run-scene.js';
import type { Stage } from './scenes/scene.js';
import { tune } from './scenes/tune.js';

const children = new Children();
// In the temporary folder itself: paths of Unix sockets must be short.
const folder = mkdtempSync(join(tmpdir(), 'jitney-bench-'));
process.on('exit', () => {
  children.endAll();
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

try {
  if (process.platform !== 'linux')
    throw new Error('The bench reads processor time and memory from /proc: it needs Linux.');
  const options = parseOptions(process.argv.slice(2));
  const print = (text: string) => void process.stdout.write(text);
  if (options.scenes.length > 0) process.stderr.write(`some ${Math.ceil(minutesOf(options))} minutes in all\n`);
  for (const scene of options.scenes) await runScene(scene, { ...options, children, folder, print });
  for (const scene of options.tuned) await tune(tuningStage(options), scene);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

/** Scenes that do not tell how long they take are short. */
function minutesOf(options: BenchOptions): number {
  return options.scenes.reduce((sum, scene) => sum + (scene.minutes?.(options) ?? (options.isQuick ? 0.2 : 1.5)), 0);
}

function tuningStage({ only, isQuick, rounds }: BenchOptions): Stage {
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  return { isQuick, rounds, children, folder, say, record: () => {}, ...(only === undefined ? {} : { only }) };
}
