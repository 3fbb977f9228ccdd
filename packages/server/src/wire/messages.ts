import type { Batching, ErrorRecord, LaneStats, Moment, Signature } from '@jitney/core';
import type { CpuSharers } from './cpu-sharers.js';

/**
 * What supervisor, gateways and hosts tell each other beside requests: plain data over the child's IPC channel.
 * Requests and answers travel as frames (frames.ts).
 */

/** A model as a host is asked to load it. */
export interface HostModel {
  readonly name: string;
  readonly version: string;
  /** Absolute path of the model file, or of the `model.ts` around it. */
  readonly path: string;
  /** Absolute path of the folder nothing it names may leave. */
  readonly root: string;
  readonly kind: 'onnx' | 'script';
  readonly batching: { readonly enabled: boolean; readonly maxRows: number; readonly maxDelayMs: number };
  /** Milliseconds within which a request should be answered; `null`: nobody says. */
  readonly latencyMs: number | null;
  /** Time for a request that names none itself; `null`: the server's default. */
  readonly requestTimeoutMs: number | null;
  readonly instances: number;
  /** Options of the backend, as the manifest gives them. */
  readonly backendOptions: Readonly<Record<string, unknown>>;
  readonly queue: QueueLimits;
  /** Whether the model's example is run before it is called ready. */
  readonly warmUp: boolean;
  /** Row counts to run then; `null`: powers of two. */
  readonly warmUpRows: readonly number[] | null;
  /** `skip`: an earlier host ended during the self-check, so it is not tried again. */
  readonly selfCheck: 'run' | 'skip';
  /** Why it is skipped, for the verdict. */
  readonly selfCheckReason: string;
}

export interface QueueLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/** What a host found when it had loaded a model. */
export interface LoadedModel {
  readonly name: string;
  readonly version: string;
  /** Put into request frames to reach this model in its host. */
  readonly target: number;
  readonly platform: string;
  readonly signature: Signature;
  readonly batching: Batching;
  /** `tensor` where only the tensor API applies, else what /predict does. */
  readonly task: string;
  readonly description: string;
  /** JSON Schemas of what /predict takes and gives for one item; `null` for the `tensor` task. */
  readonly schema: { readonly input: unknown; readonly output: unknown } | null;
  readonly example: unknown;
  readonly properties: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  readonly loadMs: number;
  /** Time for a request that names none itself; `null`: the server's default. */
  readonly requestTimeoutMs: number | null;
  readonly memory: { readonly hostBytes: number; readonly deviceBytes: number };
  /** How the runtime was set up, for `check` and the log: threads and why. */
  readonly runtime: string;
}

export type ToHost =
  | {
      readonly type: 'load';
      readonly hostId: string;
      readonly socketPath: string;
      readonly models: readonly HostModel[];
      readonly log: LogSettings;
      /** Where traces of its lanes go; `null`: none are written. */
      readonly laneTraceFolder: string | null;
      readonly heartbeatIntervalMs: number;
      readonly maxFrameBytes: number;
      /** The one that is told included. */
      readonly cpuSharers: CpuSharers;
    }
  | { readonly type: 'drain' };

export type FromHost =
  /** A stage of the load began: `read`, `session`, `self-check`, `warm-up`. */
  | { readonly type: 'stage'; readonly model: string; readonly version: string; readonly stage: string }
  | { readonly type: 'ready'; readonly models: readonly LoadedModel[] }
  /** It answered its first request: what it holds does not fail at each. */
  | { readonly type: 'served' }
  | {
      readonly type: 'load-failed';
      readonly model: string;
      readonly version: string;
      readonly stage: string;
      readonly error: ErrorRecord;
    }
  | {
      readonly type: 'heartbeat';
      readonly lanes: readonly LaneStats[];
      readonly memoryBytes: number;
      readonly loopDelayP99Ms: number;
    }
  | { readonly type: 'drained' };

/** What the gateway knows of one model version. */
export interface ModelRoute {
  readonly name: string;
  readonly version: string;
  /** True for the version that answers when a request names none. */
  readonly isDefault: boolean;
  /**
   * - `loading`: not ready yet; requests are refused.
   * - `ready`: at least one host answers.
   * - `restarting`: its host ended and another is coming; requests wait in the gateway.
   * - `failed`: given up; `reason` says why.
   * - `unloaded`: known to the repository, not loaded (a version the policy leaves out, or taken out).
   */
  readonly state: 'loading' | 'ready' | 'restarting' | 'failed' | 'unloaded';
  readonly reason: string;
  /** Known once it was ready. */
  readonly loaded: LoadedModel | null;
  readonly hosts: readonly HostRoute[];
}

export interface HostRoute {
  readonly hostId: string;
  readonly socketPath: string;
  readonly target: number;
}

export interface RoutingTable {
  readonly revision: number;
  readonly models: readonly ModelRoute[];
}

/**
 * How a host ended.
 * - `fault`: by a signal its own code raised (SIGSEGV, SIGFPE, SIGABRT, SIGBUS, SIGILL).
 * - `killed`: by somebody else (SIGKILL, SIGTERM …).
 * - `hung`: by the watchdog, since its loop or a run made no progress.
 * - `exit`: it left by itself.
 */
export type HostEnd = 'fault' | 'killed' | 'hung' | 'exit';

export interface HostEnded {
  readonly hostId: string;
  readonly end: HostEnd;
  /** For people, after "it ended": `by SIGSEGV`, `with code 1`. */
  readonly detail: string;
  /** Where a run that was too old ended it: what began before this moment is to blame. */
  readonly stuckSinceMs: Moment | null;
}

/** What a host costs and how it fares, for /metrics. */
export interface HostFacts {
  readonly hostId: string;
  readonly models: readonly string[];
  readonly pid: number;
  readonly memoryBytes: number;
  readonly restarts: number;
  readonly lanes: readonly LaneStats[];
}

export interface LogSettings {
  readonly level: string;
  readonly format: 'pretty' | 'json';
}

export type ToGateway =
  | {
      /** First message; its handle is the one to listen on. */
      readonly type: 'configure';
      readonly gatewayId: number;
      readonly config: unknown;
      readonly condemned: readonly Condemned[];
      readonly table: RoutingTable;
    }
  | { readonly type: 'routes'; readonly table: RoutingTable }
  | ({ readonly type: 'host-ended' } & HostEnded)
  | { readonly type: 'condemned'; readonly condemned: Condemned }
  /** It was loaded anew: what ended its hosts before may no longer. */
  | { readonly type: 'pardoned'; readonly model: string; readonly version: string }
  | { readonly type: 'metrics'; readonly callId: number; readonly text: string }
  | { readonly type: 'collect'; readonly callId: number }
  | { readonly type: 'drain'; readonly delayMs: number };

export type FromGateway =
  | { readonly type: 'ready'; readonly port: number }
  /** It routes by the table of this revision from now on. */
  | { readonly type: 'routed'; readonly revision: number }
  | { readonly type: 'condemned'; readonly condemned: Condemned }
  /** Asks for the metrics of all processes. */
  | { readonly type: 'metrics'; readonly callId: number }
  /** Answers `collect`: this gateway's own metrics, as prom-client's JSON. */
  | { readonly type: 'collected'; readonly callId: number; readonly metrics: unknown }
  | {
      readonly type: 'heartbeat';
      readonly loopDelayP99Ms: number;
      readonly memoryBytes: number;
      readonly inFlight: number;
    }
  | { readonly type: 'drained' };

/** A request that, alone in it, ended a host by a fault: refused from then on. */
export interface Condemned {
  readonly model: string;
  readonly version: string;
  /** SHA-256 over the body as it goes to a host. */
  readonly fingerprint: string;
  readonly detail: string;
}
