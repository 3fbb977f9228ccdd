import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { runtimeVersion } from '@jitney/onnxruntime';
import { ROOT } from '../places.js';

/** Where figures come from. */
export interface Provenance {
  /** ISO 8601. */
  readonly date: string;
  readonly command: string;
  readonly commit: string;
  /** Whether files differed from the commit; RESULTS.md itself does not count. */
  readonly isDirty: boolean;
  readonly machine: string;
  readonly versions: string;
  /** Of one minute, before the scene began. */
  readonly loadAverage: number;
}

export function readProvenance(command: string): Provenance {
  return {
    date: new Date().toISOString(),
    command,
    commit: git('rev-parse', '--short=12', 'HEAD'),
    isDirty: git('status', '--porcelain', '--', '.', ':(exclude)bench/RESULTS.md') !== '',
    machine: `${availableParallelism()} × ${cpus()[0]?.model ?? process.arch}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}`,
    versions: `Node ${process.versions.node}, ONNX Runtime ${runtimeVersion()}, Jitney ${jitneyVersion()}`,
    loadAverage: loadavg()[0]!,
  };
}

function git(...args: readonly string[]): string {
  try {
    return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}

function jitneyVersion(): string {
  const manifest = join(ROOT, 'packages', 'server', 'package.json');
  return (createRequire(import.meta.url)(manifest) as { readonly version: string }).version;
}

/** From here on figures say more about the other programs. */
const DISTURBING_CORES = 0.25;

/** On one line of the page. @param foreignCores Cores that other programs kept busy meanwhile, on average. */
export function writeProvenance(provenance: Provenance, foreignCores: number): string {
  const { date, command, commit, isDirty, machine, versions, loadAverage } = provenance;
  const tree = isDirty ? 'with uncommitted changes' : 'clean';
  const others = `other programs took ${foreignCores.toFixed(2)} cores meanwhile`;
  return [
    `${date.slice(0, 16)}Z`,
    `\`${command}\``,
    `commit ${commit}, ${tree}`,
    versions,
    machine,
    `load average before ${loadAverage.toFixed(1)}`,
    foreignCores > DISTURBING_CORES ? `**disturbed: ${others}**` : others,
  ].join(' · ');
}
