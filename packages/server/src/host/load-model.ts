import { dirname, isAbsolute, relative, resolve } from 'node:path';
import {
  type Backend,
  type Batch,
  type Batching,
  type Clock,
  JitneyError,
  type KnownRun,
  type Model,
  type ModelDefinition,
  type ModelLog,
  type Pipeline,
  type RequestContext,
} from '@jitney/core';
import type { HostModel, LoadedModel } from '../wire/messages.js';
import { createOneShotLane } from './lane/one-shot-lane.js';
import type { ProcessRuns } from './lane/process-runs.js';
import { measureRuns } from './measure-runs.js';
import { mostRunBytes } from './most-run-bytes.js';
import { OwnCodeWatch } from './own-code-watch.js';
import { exampleOf } from './pipeline/example.js';
import { createScriptPipeline } from './pipeline/script.js';
import { createTensorPipeline } from './pipeline/tensor.js';
import { describeSchema } from './script/describe-schema.js';
import { loadDefinition } from './script/load-definition.js';
import { judgeBatching } from './self-check.js';
import type { ServedModel } from './served-model.js';
import type { LaneTraces } from './trace/lane-traces.js';
import { warmUp } from './warm-up.js';

export interface LoadDependencies {
  readonly backend: Backend;
  readonly clock: Clock;
  /** The one of all models in this process. */
  readonly processRuns: ProcessRuns;
  /** Told as each stage begins: what the supervisor shows, and blames where the process ends in it. */
  readonly onStage: (stage: LoadStage) => void;
  readonly traces: LaneTraces;
  /** Told before a run that may take the process with it. */
  readonly beforeRun: (entryIds: readonly number[]) => void;
  readonly logFor: (context: RequestContext) => ModelLog;
  readonly signal: AbortSignal;
  /** What this process may still take. */
  readonly freeMemoryBytes: () => number;
}

export type LoadStage = 'code' | 'session' | 'self-check' | 'warm-up';

/**
 * Loads a model and whatever stands around it, and judges whether rows may ride together.
 * @throws JitneyError that names model, file, stage, cause and fix.
 */
export async function loadModel(
  asked: HostModel,
  target: number,
  dependencies: LoadDependencies,
): Promise<ServedModel> {
  const startedAtMs = dependencies.clock.now();
  const definition = asked.kind === 'script' ? await loadCode(asked, dependencies) : null;
  dependencies.onStage('session');
  const model = await dependencies.backend.load(
    { model: asked.name, version: asked.version, path: modelFile(asked, definition), root: asked.root },
    asked.backendOptions,
    dependencies.signal,
  );
  const batching = await judge(asked, model, dependencies);
  const ownCode = new OwnCodeWatch(dependencies.clock.now);
  const pipeline = ownCode.watch(createPipeline(definition, { signature: model.signature, batching }, dependencies));
  const warnings = [...model.facts.warnings, ...(await warm(asked, definition, model, pipeline, dependencies))];
  const knownRuns = await measure(asked, model, batching, dependencies);
  const laneOptions = {
    batching,
    knownRuns,
    policy: {
      latencyMs: asked.latencyMs,
      maxDelayMs: asked.batching.maxDelayMs,
      maxRunBytes: mostRunBytes(dependencies.freeMemoryBytes()),
    },
    instances: asked.instances,
    limits: asked.queue,
    clock: dependencies.clock,
    processRuns: dependencies.processRuns,
    executor: {
      run: (batch: Batch, signal: AbortSignal) => model.run(batch, signal),
      beforeRun: dependencies.beforeRun,
    },
  };
  const lane = createOneShotLane(dependencies.traces.observed(`${asked.name}@${asked.version}`, laneOptions));
  const loaded = describe(asked, target, {
    definition,
    model,
    batching,
    warnings,
    loadMs: dependencies.clock.now() - startedAtMs,
  });
  return { loaded, lane, pipeline, itemSchema: definition?.input ?? null, stats: () => ownCode.countIn(lane.stats()) };
}

async function loadCode(asked: HostModel, dependencies: LoadDependencies): Promise<ModelDefinition> {
  dependencies.onStage('code');
  return loadDefinition(asked.path);
}

/** The model file a script names, which may not lie outside the model's folder. */
function modelFile(asked: HostModel, definition: ModelDefinition | null): string {
  if (definition === null) return asked.path;
  const path = resolve(dirname(asked.path), definition.model);
  const inside = relative(asked.root, path);
  if (inside.startsWith('..') || isAbsolute(inside)) {
    throw new JitneyError('INVALID_MODEL', `${asked.path}: model '${definition.model}' lies outside ${asked.root}`);
  }
  return path;
}

async function judge(asked: HostModel, model: Model, dependencies: LoadDependencies): Promise<Batching> {
  if (asked.selfCheck === 'skip') return { mode: 'whole', maxRows: null, reason: asked.selfCheckReason };
  dependencies.onStage('self-check');
  return judgeBatching(model, asked.batching, dependencies.signal);
}

/** The self-check has run the bare model already; an example warms up the code around it, too. */
async function warm(
  asked: HostModel,
  definition: ModelDefinition | null,
  model: Model,
  pipeline: Pipeline,
  dependencies: LoadDependencies,
): Promise<readonly string[]> {
  if (!asked.warmUp || definition?.example === undefined) return [];
  dependencies.onStage('warm-up');
  const problem = await warmUp(model, pipeline, definition.example, dependencies.signal);
  return problem === null ? [] : [problem];
}

/** Runs of the bare model, which teach its lane what runs take before the first request comes. */
async function measure(
  asked: HostModel,
  model: Model,
  batching: Batching,
  { clock, onStage, signal }: LoadDependencies,
): Promise<readonly KnownRun[]> {
  // What ended an earlier host may end this one.
  if (!asked.warmUp || asked.selfCheck === 'skip') return [];
  onStage('warm-up');
  return measureRuns(model, { rows: asked.warmUpRows, maxRows: batching.maxRows ?? 1, clock, signal });
}

function createPipeline(
  definition: ModelDefinition | null,
  model: Pick<LoadedModel, 'signature' | 'batching'>,
  dependencies: LoadDependencies,
): Pipeline {
  if (definition === null) return createTensorPipeline(model) as Pipeline;
  return createScriptPipeline(definition, model, dependencies.logFor);
}

function describe(
  asked: HostModel,
  target: number,
  found: {
    readonly definition: ModelDefinition | null;
    readonly model: Model;
    readonly batching: Batching;
    readonly warnings: readonly string[];
    readonly loadMs: number;
  },
): LoadedModel {
  const { definition, model, batching, warnings, loadMs } = found;
  return {
    name: asked.name,
    version: asked.version,
    target,
    platform: model.facts.platform,
    signature: model.signature,
    batching,
    task: definition === null ? 'tensor' : 'custom',
    description: definition?.description ?? model.facts.description ?? '',
    schema:
      definition === null
        ? null
        : { input: describeSchema(definition.input, 'input'), output: describeSchema(definition.output, 'output') },
    example: definition === null ? exampleOf(model.signature) : (definition.example ?? null),
    properties: model.facts.properties ?? {},
    warnings,
    loadMs,
    requestTimeoutMs: asked.requestTimeoutMs,
    memory: model.memory(),
    runtime: model.facts.runtime,
  };
}
