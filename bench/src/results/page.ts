import type { Scene } from '../scenes/scene.js';
import { figuresTable, plotFile, type SceneReport, writeTable } from './report.js';

const INTRODUCTION = `# Results

<!-- Written by \`npm run bench\`; do not edit. -->

Each scene stands with the machine, the commit and the command it was measured by: scenes may be of different days. Of
several runs the median is given, in parentheses the smallest and the largest. The load generator shares the cores with
what it measures. CPU is that of all processes of a server, from /proc: it moves least with noise. MB are millions of
bytes. How it is done: [README.md](README.md).
`;

/** A scene's part of the page. @param provenance One line. */
export function writeSection(scene: Scene, report: SceneReport, provenance: string): string {
  const figures = report.figures.length > 0 ? [writeTable(figuresTable(report.figures))] : [];
  const plots = (report.plots ?? []).map((plot) => `![${plot.description}](${plotFile(plot)})`);
  const tables = report.tables.map(writeTable);
  const parts = [`## ${scene.name}`, scene.about, ...figures, ...plots, ...tables, report.trust];
  return [...parts, `<sub>${provenance}</sub>`].join('\n\n');
}

/**
 * The page with one scene's section in its place; the others stay as they are.
 * @param page As it was; `null` where there is none.
 * @param order Names of all scenes; sections of others are dropped.
 */
export function replaceSection(
  page: string | null,
  { name, section, order }: { readonly name: string; readonly section: string; readonly order: readonly string[] },
): string {
  const sections = new Map(
    (page ?? '').split(/^(?=## )/m).map((text) => [/^## (.+)/.exec(text)?.[1] ?? '', text.trim()]),
  );
  sections.set(name, section.trim());
  return `${[INTRODUCTION.trim(), ...order.flatMap((one) => sections.get(one) ?? [])].join('\n\n')}\n`;
}
