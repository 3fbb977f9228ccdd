import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { type Artifact, type Backend, JitneyError, type Model } from '@jitney/core';
import {
  type Allocate,
  createSession,
  inspectModelFile,
  invalidModel,
  type ModelFileReport,
  type ModelStage,
  runtimeLimits,
  runtimeVersion,
  type Session,
  type SessionOptions,
  validateModelFile,
} from '@jitney/onnxruntime';
import type { CpuSharers } from '../../../wire/cpu-sharers.js';
import { type UsableCpus, usableCpus } from '../../../wire/usable-cpus.js';
import { modelFacts } from './facts.js';
import { OnnxModel } from './onnx-model.js';
import { type Refuse, refuseTypes } from './served-types.js';
import { SessionSignature } from './signature.js';
import { chooseThreads, shareOf, type ThreadChoice } from './threads.js';

/** Options of the manifest: those of a session, unchecked. Unknown ones are refused when the session is made. */
export type OnnxBackendOptions = Readonly<Record<string, unknown>>;

/**
 * Serves ONNX files with ONNX Runtime on the CPU, or on the providers that the options name.
 *
 * @param sharers - what shares the CPUs. Default: nothing else does.
 * @param allocate - gives large outputs their memory. Default: it is new.
 */
export function createOnnxBackend(
  sharers: CpuSharers = { heavy: 1, light: 0 },
  allocate: Allocate | null = null,
): Backend<OnnxBackendOptions> {
  const cpus = () => shareOf(usableCpus(), sharers);
  return {
    name: 'onnx',
    /** The file is read and judged first, so that nothing is loaded of a model that cannot be served. */
    async load(artifact: Artifact, options: OnnxBackendOptions, signal: AbortSignal): Promise<Model> {
      try {
        return await loadModel(artifact, options, { cpus, allocate }, signal);
      } catch (thrown) {
        throw named(artifact, thrown);
      }
    },
  };
}

interface Resources {
  readonly cpus: () => UsableCpus;
  readonly allocate: Allocate | null;
}

async function loadModel(
  artifact: Artifact,
  options: OnnxBackendOptions,
  { cpus, allocate }: Resources,
  signal: AbortSignal,
): Promise<Model> {
  const asked = await confine(options, artifact.root);
  const report = await inspectModelFile(artifact.path, signal);
  await validateModelFile(report, {
    path: artifact.path,
    root: artifact.root,
    limits: runtimeLimits(runtimeVersion()),
    customOperators: (asked.customOpLibraries?.length ?? 0) > 0,
  });
  const refuse = refuser(artifact, 'signature');
  refuseTypes(report, refuse);
  const modelBytes = report.bytes + report.weights.externalBytes;
  const threads = chooseThreads({ modelBytes, asked }, cpus);
  const residentBytes = process.memoryUsage.rss();
  const session = await openSession(artifact, { ...asked, intraOpThreads: threads.intraOpThreads }, signal);
  // Pages of the weights may already be counted elsewhere, and others may grow meanwhile: never below what is known.
  const hostBytes = Math.max(modelBytes, process.memoryUsage.rss() - residentBytes);
  return createModel({ session, report, refuse, hostBytes, allocate, runtime: describeRuntime(asked, threads) });
}

interface ModelParts {
  readonly session: Session;
  readonly report: ModelFileReport;
  readonly refuse: Refuse;
  readonly hostBytes: number;
  readonly allocate: Allocate | null;
  readonly runtime: string;
}

async function createModel({ session, report, refuse, hostBytes, allocate, runtime }: ModelParts): Promise<Model> {
  try {
    const signature = new SessionSignature(session, refuse);
    const facts = modelFacts({ report, metadata: session.metadata, signature: signature.signature, runtime });
    return new OnnxModel({ session, signature, facts, memory: { hostBytes, deviceBytes: 0 }, allocate });
  } catch (thrown) {
    await session.dispose();
    throw thrown;
  }
}

async function openSession({ path }: Artifact, options: SessionOptions, signal: AbortSignal): Promise<Session> {
  try {
    return await createSession(path, options, signal);
  } catch (thrown) {
    if (!(thrown instanceof JitneyError) || thrown.code !== 'INVALID_MODEL') throw thrown;
    throw invalidModel({
      file: path,
      stage: 'session',
      problem: thrown.message.replace(/\s+/g, ' ').replace(/\.$/, ''),
      fix: 'run onnx.checker.check_model(path, full_check=True) in Python to see the node, and export the model again',
      cause: thrown.cause,
    });
  }
}

function refuser({ path }: Artifact, stage: ModelStage): Refuse {
  return (problem, fix) => {
    throw invalidModel({ file: path, stage, problem, fix });
  };
}

/** Names the model in errors about its file or its options. */
function named({ model, version }: Artifact, thrown: unknown): JitneyError {
  const error = JitneyError.from(thrown);
  if (error.code !== 'INVALID_MODEL' && error.code !== 'INVALID_CONFIG') return error;
  return new JitneyError(error.code, `Model ${model}@${version}: ${error.message}`, { cause: error.cause });
}

/** Options that make the runtime write files: for whoever opens a session himself, not for a file that came with a model. */
const WRITING = ['optimizedModelPath', 'profiling'] as const;

/**
 * What a manifest may ask for. Libraries of operators are native code: they are named relative to the model's folder, and
 * lie in it, links followed.
 * @throws JitneyError `INVALID_CONFIG` that names the option.
 */
async function confine(options: OnnxBackendOptions, root: string): Promise<SessionOptions> {
  for (const option of WRITING) {
    if (Object.hasOwn(options, option)) {
      throw new JitneyError(
        'INVALID_CONFIG',
        `backend.options.${option} writes a file, which a model may not: leave it out`,
      );
    }
  }
  const { customOpLibraries: libraries } = options;
  if (!Array.isArray(libraries)) return options as SessionOptions;
  return { ...options, customOpLibraries: await Promise.all(libraries.map((path) => libraryIn(root, path))) };
}

async function libraryIn(root: string, path: unknown): Promise<string> {
  const problem = (what: string) => new JitneyError('INVALID_CONFIG', `backend.options.customOpLibraries: ${what}`);
  if (typeof path !== 'string') throw problem(`expected paths, got ${typeof path}`);
  const [folder, library] = await Promise.all([realpath(root), realpath(resolve(root, path))]).catch(
    (cause: unknown) => {
      throw problem(
        `'${path}' cannot be read (${(cause as NodeJS.ErrnoException).code}): put it into the model's folder`,
      );
    },
  );
  const inside = relative(folder, library);
  if (inside.startsWith('..') || isAbsolute(inside)) throw problem(`'${path}' lies outside the model's folder ${root}`);
  return library;
}

function describeRuntime({ providers = [] }: SessionOptions, threads: ThreadChoice): string {
  const names = providers.map((provider) => (typeof provider === 'string' ? provider : provider.name));
  const others = names.filter((name) => !/^cpu/i.test(name));
  return `ONNX Runtime ${runtimeVersion()} on ${[...others, 'CPU'].join(', ')}, ${threads.reason}`;
}
