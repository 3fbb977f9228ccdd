import { type Backend, JitneyError, type ModelLog, type RequestContext } from '@jitney/core';
import { realClock } from '../wire/clock.js';
import { LargeBuffers } from '../wire/large-buffers.js';
import type { FromHost, HostModel, ToHost } from '../wire/messages.js';
import { createOnnxBackend, nativeFunctions } from './backend/onnx/index.js';
import { returnFreeMemory } from './free-memory.js';
import { startHeartbeat } from './heartbeat.js';
import { HostLog } from './host-log.js';
import { ProcessRuns } from './lane/process-runs.js';
import { type LoadStage, loadModel } from './load-model.js';
import { endWithParent } from './parent.js';
import { RequestServer } from './request-server.js';
import type { ServedModel } from './served-model.js';
import { LaneTraces } from './trace/lane-traces.js';

/*
 * A host: the process that holds a model version. It is told what to load over its IPC channel, announces what it
 * found, and then answers requests over its Unix socket. It lives and dies with the supervisor.
 */

type LoadMessage = Extract<ToHost, { type: 'load' }>;

function send(message: FromHost): void {
  // A channel that breaks meanwhile is told by 'disconnect'.
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}

async function start(message: LoadMessage): Promise<void> {
  const title = message.models.map((model) => `${model.name}@${model.version}`).join('+');
  process.title = `jitney host ${title}`;
  const log = new HostLog(message.log, `host ${title}`);
  process.on('uncaughtException', (error, origin) => endSinceUncaught(log, error, origin));
  const host: { requests: RequestServer | null } = { requests: null };
  const memory = new LargeBuffers();
  const traces = new LaneTraces({
    folder: message.laneTraceFolder,
    onStopped: (path, reason) => void log.write('warn', { path }, `the lane's trace ends here: ${reason}`),
  });
  const targets = await loadAll(message, { log, traces, host }, memory);
  const served = targets.filter((target) => target !== undefined);
  if (served.length === 0) return;
  const requests = new RequestServer({
    name: `host ${title}`,
    targets,
    clock: realClock,
    memory,
    maxFrameBytes: message.maxFrameBytes,
    onFailure: (frame, error) => logFailure(log, frame.requestId, error),
    onServed: () => send({ type: 'served' }),
  });
  host.requests = requests;
  await requests.listen(message.socketPath);
  startHeartbeat(message.heartbeatIntervalMs, () => served.map((model) => model.stats()), send);
  returnFreeMemory(nativeFunctions());
  send({ type: 'ready', models: served.map((model) => model.loaded) });
  process.on('message', (next: ToHost) => {
    if (next.type === 'drain') void drain(served, requests, traces);
  });
}

/** Thrown where nobody catches: by own code, in a callback or a promise that it does not wait for. */
function endSinceUncaught(log: HostLog, err: Error, origin: string): void {
  const line = log.write('fatal', { err, origin }, `nobody caught what the model's own code threw: ${err.message}`);
  // What state it is in is not known any more.
  void line.finally(() => process.exit(1));
}

/** Loads the models one after the other, each at the target of its place; one that fails leaves the others. */
async function loadAll(
  { models, cpuSharers }: LoadMessage,
  own: Pick<LoadingHost, 'log' | 'traces' | 'host'>,
  memory: LargeBuffers,
): Promise<(ServedModel | undefined)[]> {
  const targets: (ServedModel | undefined)[] = [];
  const backend = createOnnxBackend(cpuSharers, (byteLength) => memory.takeLarge(byteLength));
  const loading = { ...own, processRuns: new ProcessRuns(), backend };
  for (const [target, asked] of models.entries()) targets.push(await loadOne(asked, target, loading));
  return targets;
}

interface LoadingHost {
  readonly log: HostLog;
  readonly traces: LaneTraces;
  readonly host: { readonly requests: RequestServer | null };
  readonly processRuns: ProcessRuns;
  readonly backend: Backend;
}

async function loadOne(
  asked: HostModel,
  target: number,
  { log, traces, host, processRuns, backend }: LoadingHost,
): Promise<ServedModel | undefined> {
  const { name, version } = asked;
  let stage: LoadStage = 'code';
  try {
    return await loadModel(asked, target, {
      backend,
      clock: realClock,
      processRuns,
      traces,
      signal: new AbortController().signal,
      logFor: (context) => modelLog(log, context, name),
      freeMemoryBytes: () => process.availableMemory(),
      beforeRun: (entryIds) => host.requests?.announceStart(entryIds),
      onStage: (next) => {
        stage = next;
        send({ type: 'stage', model: name, version, stage });
      },
    });
  } catch (thrown) {
    const error = JitneyError.from(thrown, 'INVALID_MODEL');
    void log.write('debug', { model: name, version, stage, err: error.cause ?? error }, 'load failed');
    send({ type: 'load-failed', model: name, version, stage, error: error.toRecord() });
    return undefined;
  }
}

function modelLog(log: HostLog, context: RequestContext, model: string): ModelLog {
  const write = (level: 'info' | 'warn' | 'error') => (text: string, fields?: Readonly<Record<string, unknown>>) => {
    // Own code may be JavaScript, and some loggers take the fields first.
    const known = typeof fields === 'object' ? fields : {};
    void log.write(level, { ...known, requestId: context.requestId, model }, String(text));
  };
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

/** What the server or the model's code did wrong is logged with its cause; what the client did is the gateway's line. */
function logFailure(log: HostLog, requestId: string, error: JitneyError): void {
  const ours = error.code === 'INTERNAL' || error.code === 'USER_CODE_ERROR' || error.code === 'MODEL_ERROR';
  if (ours) void log.write('error', { requestId, code: error.code, err: error.cause ?? error }, error.message);
}

/** Lanes close last: what is being encoded when the drain begins still goes into one. */
async function drain(served: readonly ServedModel[], requests: RequestServer, traces: LaneTraces): Promise<void> {
  await requests.drain();
  await Promise.all(served.map((model) => model.lane.drain()));
  await traces.close();
  send({ type: 'drained' });
}

function main(): void {
  process.title = 'jitney host';
  endWithParent(nativeFunctions());
  process.once('message', (message: ToHost) => {
    if (message.type === 'load') start(message).catch((thrown: unknown) => sendFailure(message, thrown));
  });
}

/** None of the models can be served by this process. */
function sendFailure({ models }: LoadMessage, thrown: unknown): void {
  const error = JitneyError.from(thrown).toRecord();
  for (const { name, version } of models) send({ type: 'load-failed', model: name, version, stage: 'start', error });
}

main();
