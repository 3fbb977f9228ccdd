import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CpuMeter } from './machine/cpu-meter.js';
import type { BenchOptions } from './options.js';
import type { Children } from './processes/children.js';
import { replaceSection, writeSection } from './results/page.js';
import { readProvenance, writeProvenance } from './results/provenance.js';
import { plotFile, type SceneReport } from './results/report.js';
import { SCENES } from './scenes/index.js';
import type { Scene, Stage } from './scenes/scene.js';

export interface SceneOptions extends BenchOptions {
  readonly children: Children;
  /** Temporary, of the whole bench. */
  readonly folder: string;
  /** Where the section goes for people to read. */
  readonly print: (text: string) => void;
}

/**
 * Runs a scene, prints its section, keeps its runs in raw/ and puts the section on the page. Quick runs
 * are to try the bench out, and runs of some servers leave others out: they never go on the page.
 */
export async function runScene(scene: Scene, options: SceneOptions): Promise<void> {
  const provenance = readProvenance(options.command);
  const runs: unknown[] = [];
  const meter = new CpuMeter();
  const report = await scene.run(await stageFor(scene, options, runs));
  const { foreignCores } = meter.take();
  await writeRaw(options.out, `${fileTime(provenance.date)}-${scene.name}.json`, { ...provenance, foreignCores, runs });
  const section = writeSection(
    scene,
    options.isShort ? shortened(report, options) : report,
    writeProvenance(provenance, foreignCores),
  );
  options.print(`\n${section}\n\n`);
  if (options.isQuick || options.only !== undefined) return;
  for (const plot of report.plots ?? []) await writePlot(join(options.out, plotFile(plot)), plot.svg);
  await writePage(options.out, scene.name, section);
}

function shortened(report: SceneReport, { rounds }: SceneOptions): SceneReport {
  const note = `Short: ${rounds} rounds, and measurements shorter than usual in scenes at a rate.`;
  return { ...report, trust: `${note} ${report.trust}` };
}

async function stageFor(scene: Scene, options: SceneOptions, runs: unknown[]): Promise<Stage> {
  const { isQuick, isShort, rounds, children, only } = options;
  return {
    isQuick,
    isShort,
    rounds,
    children,
    ...(only === undefined ? {} : { only }),
    folder: await mkdtemp(join(options.folder, `${scene.name}-`)),
    say: (line) => process.stderr.write(`${scene.name}: ${line}\n`),
    record: (run) => runs.push(run),
  };
}

async function writeRaw(out: string, file: string, content: object): Promise<void> {
  await mkdir(join(out, 'raw'), { recursive: true });
  await writeFile(join(out, 'raw', file), `${JSON.stringify(content, null, 2)}\n`);
}

async function writePlot(path: string, svg: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, svg);
}

/** `2026-01-31T235959123Z` */
const fileTime = (date: string) => date.replaceAll(/[:.]/g, '');

async function writePage(out: string, name: string, section: string): Promise<void> {
  const path = join(out, 'RESULTS.md');
  const page = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  await writeFile(path, replaceSection(page, { name, section, order: SCENES.map((scene) => scene.name) }));
}
