import { protocolShape, type TensorSpec } from '@jitney/core';
import type { ModelArtefact } from '../fleet/repository/index.js';
import type { ModelRoute } from '../wire/messages.js';
import { type ConfigOptions, configFrom } from './config-options.js';
import { EXIT } from './exit-codes.js';
import { discover, loadAll } from './launch.js';
import { megabytes, paint, shorten } from './output.js';
import { firstSignal } from './signals.js';

/** One model version as `check` reports it. */
export interface Verdict {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  readonly state: 'servable' | 'left-out' | 'refused';
  /** Why not, with the fix; empty where it is served. */
  readonly reason: string;
  readonly task: string | null;
  readonly inputs: readonly VerdictTensor[];
  readonly outputs: readonly VerdictTensor[];
  readonly batching: { readonly mode: string; readonly maxRows: number | null; readonly reason: string } | null;
  readonly memoryBytes: number | null;
  readonly loadMs: number | null;
  readonly runtime: string | null;
  readonly warnings: readonly string[];
}

export interface VerdictTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly optional: boolean;
}

/** `jitney check PATH…`: each model is loaded in a host of its own and its self-check run, as `serve` would. */
export async function checkCommand(paths: readonly string[], options: ConfigOptions): Promise<number> {
  // Hosts end with this process, and what it left in the temporary folder is removed as it exits.
  void firstSignal(() => {}).then(() => process.exit(EXIT.interrupted));
  const config = await configFrom(options);
  const repository = await discover(paths);
  const routes = await loadAll(repository, config);
  const verdicts = repository.artefacts.map((artefact) => verdictOf(artefact, routes));
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ models: verdicts, warnings: repository.warnings }, null, 2)}\n`);
  else
    process.stdout.write(
      `${[...repository.warnings.map((warning) => `! ${warning}`), ...verdicts.flatMap(linesOf)].join('\n')}\n`,
    );
  return verdicts.every((verdict) => verdict.state !== 'refused') && verdicts.length > 0 ? EXIT.done : EXIT.model;
}

function verdictOf(artefact: ModelArtefact, routes: readonly ModelRoute[]): Verdict {
  const { name, version, path: file } = artefact;
  const route = routes.find((one) => one.name === name && one.version === version);
  const loaded = route?.loaded ?? null;
  const wasLoaded = artefact.state.state === 'servable';
  const failed = wasLoaded && route?.state !== 'ready';
  return {
    name,
    version,
    file,
    state: failed ? 'refused' : artefact.state.state,
    reason: failed
      ? (route?.reason ?? 'did not load')
      : artefact.state.state === 'servable'
        ? ''
        : artefact.state.reason,
    task: loaded?.task ?? null,
    inputs: loaded?.signature.inputs.map(tensorOf) ?? [],
    outputs: loaded?.signature.outputs.map(tensorOf) ?? [],
    batching: loaded && {
      mode: loaded.batching.mode,
      maxRows: loaded.batching.maxRows,
      reason: loaded.batching.reason,
    },
    memoryBytes: loaded?.memory.hostBytes ?? null,
    loadMs: loaded?.loadMs ?? null,
    runtime: loaded?.runtime ?? null,
    warnings: [...artefact.warnings, ...(loaded?.warnings ?? [])],
  };
}

const tensorOf = (spec: TensorSpec): VerdictTensor => ({
  name: spec.name,
  datatype: spec.dtype,
  shape: protocolShape(spec),
  optional: spec.optional,
});

function linesOf(verdict: Verdict): string[] {
  const mark = { servable: paint.green('✓'), 'left-out': paint.dim('–'), refused: paint.red('✗') }[verdict.state];
  const lines = [`${mark} ${paint.bold(`${verdict.name}@${verdict.version}`)}  ${paint.dim(verdict.file)}`];
  if (verdict.reason !== '') lines.push(`    ${verdict.reason}`);
  if (verdict.batching !== null) {
    lines.push(`    task      ${verdict.task}`);
    for (const tensor of verdict.inputs)
      lines.push(`    input     ${lineOf(tensor)}${tensor.optional ? ' (optional)' : ''}`);
    for (const tensor of verdict.outputs) lines.push(`    output    ${lineOf(tensor)}`);
    lines.push(`    batching  ${verdict.batching.mode}: ${verdict.batching.reason}`);
    lines.push(`    memory    ${megabytes(verdict.memoryBytes ?? 0)}, loaded in ${Math.round(verdict.loadMs ?? 0)} ms`);
    lines.push(`    runtime   ${verdict.runtime}`);
  }
  for (const warning of verdict.warnings) lines.push(`    ${paint.yellow('!')} ${warning}`);
  return lines;
}

const lineOf = (tensor: VerdictTensor) =>
  `${shorten(tensor.name, 60)}  ${tensor.datatype} [${tensor.shape.join(', ')}]`;
