import { bytes, choice, integer, type Kind, list, milliseconds, optional, text, toggle } from './kind.js';

/** One setting: what it takes, what holds when nobody sets it, what it is for. */
export interface Setting<T> {
  readonly kind: Kind<T>;
  readonly byDefault: T;
  readonly doc: string;
  /** Name of its own flag, without the dashes. Every setting can be given as `--set section.name=value`. */
  readonly flag: string | null;
}

function setting<T>(kind: Kind<T>, byDefault: T, doc: string, flag: string | null = null): Setting<T> {
  return { kind, byDefault, doc, flag };
}

const KiB = 2 ** 10;
const MiB = 2 ** 20;
const SECOND_MS = 1_000;

/**
 * Every setting there is. Help, `docs/configuration.md`, the JSON Schema for editors and the `Config` type come from
 * this one table.
 */
export const SETTINGS = {
  server: {
    host: setting(
      text('a host name or an IP address', 'HOST'),
      '127.0.0.1',
      'Address to listen on. Beyond loopback, a key or `insecure` is needed.',
      'host',
    ),
    port: setting(integer(0, 65_535), 8_000, 'Port to listen on; 0 takes a free one.', 'port'),
    gateways: setting(integer(1, 64), 1, 'Processes that speak HTTP. They share the port.', 'gateways'),
    apiKeyFile: setting(
      optional(text('the path of a file', 'FILE')),
      null,
      'File that holds the key clients must send. The variable JITNEY_API_KEY holds the key itself.',
      'api-key-file',
    ),
    insecure: setting(toggle(), false, 'Allows to listen beyond loopback without a key.', 'insecure'),
    corsOrigins: setting(
      list(text('an origin such as https://app.example.org, or *', 'ORIGIN')),
      [],
      'Origins whose pages may call the API from a browser; none by default.',
      'cors-origins',
    ),
    keepAliveTimeoutMs: setting(
      milliseconds(1),
      75 * SECOND_MS,
      'How long an idle connection stays open. Must outlast the idle limit of a load balancer in front.',
    ),
    headersTimeoutMs: setting(milliseconds(1), 30 * SECOND_MS, 'How long a client may take to send its headers.'),
    requestTimeoutMs: setting(milliseconds(1), 300 * SECOND_MS, 'How long a client may take to send a whole request.'),
    drainDelayMs: setting(
      milliseconds(0),
      0,
      'After SIGTERM, how long new requests are still served while readiness says 503, so that load balancers notice.',
    ),
    drainTimeoutMs: setting(
      milliseconds(0),
      25 * SECOND_MS,
      'After that, how long running requests may take before they are given up.',
    ),
  },
  limits: {
    maxBodyBytes: setting(bytes(KiB, 2 ** 31 - 1), 64 * MiB, 'Largest body, also after decompression.'),
    maxHeaderBytes: setting(bytes(KiB, MiB), 16 * KiB, 'All headers of a request together.'),
    maxChunks: setting(integer(1, 2 ** 24), 65_536, 'Most pieces a chunked body may come in.'),
    maxDepth: setting(
      integer(4, 1_000),
      64,
      'Deepest nesting of arrays and objects in the JSON of /predict. Tensors of /v2 may be nested 100 deep.',
    ),
    maxInputs: setting(integer(1, 10_000), 256, 'Most tensors in a request.'),
    maxInFlightRequests: setting(integer(1, 1_000_000), 4_096, 'Requests that one gateway works on at a time.'),
    maxInFlightBytes: setting(bytes(MiB), 512 * MiB, 'Bytes of bodies that one gateway holds at a time.'),
    maxHeldMs: setting(
      milliseconds(0),
      30 * SECOND_MS,
      'How long a request waits for a model whose host is being replaced.',
    ),
    defaultTimeoutMs: setting(milliseconds(1), 60 * SECOND_MS, 'Time to answer a request that names none itself.'),
    maxTimeoutMs: setting(milliseconds(1), 600 * SECOND_MS, 'Longest time a request may ask for.'),
    maxAttempts: setting(integer(1, 100), 6, 'How often a request is sent to a host in all, when hosts die under it.'),
  },
  models: {
    maxRows: setting(integer(1, 65_536), 64, 'Most rows in a batch, where the model does not say.'),
    instances: setting(integer(1, 256), 1, 'Batches of one model that run at a time, where the model does not say.'),
    maxDelayMs: setting(
      milliseconds(0),
      0,
      'How long the oldest request may wait for its batch to be filled, where the model does not say; 0: not at all.',
    ),
    queueMaxEntries: setting(integer(1, 1_000_000), 1_024, 'Requests that may wait for one model.'),
    queueMaxBytes: setting(bytes(KiB), 256 * MiB, 'Bytes of tensors that may wait for one model.'),
  },
  supervision: {
    loadTimeoutMs: setting(milliseconds(1), 300 * SECOND_MS, 'Time a host has to load its models.'),
    heartbeatIntervalMs: setting(milliseconds(10), 1 * SECOND_MS, 'How often each process says that it is alive.'),
    heartbeatTimeoutMs: setting(milliseconds(20), 15 * SECOND_MS, 'Silence after which a process is replaced.'),
    runTimeoutMs: setting(
      milliseconds(1),
      120 * SECOND_MS,
      'Age at which a run counts as stuck and its host is replaced.',
    ),
    restartBackoffMs: setting(
      milliseconds(0),
      100,
      'Wait before a process that failed by itself is started again; doubles with each failure.',
    ),
    restartBackoffMaxMs: setting(milliseconds(0), 10 * SECOND_MS, 'Longest such wait.'),
    maxRestarts: setting(
      integer(0, 1_000),
      5,
      'Own failures of a host within the window before its models are given up.',
    ),
    restartWindowMs: setting(milliseconds(1), 60 * SECOND_MS, 'The window in which failures are counted.'),
  },
  log: {
    level: setting(
      choice('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
      'info',
      'Least severe messages that are written.',
      'log-level',
    ),
    format: setting(
      choice('auto', 'pretty', 'json'),
      'auto',
      'One JSON object a line, or readable text; `auto`: text on a terminal.',
      'log-format',
    ),
    laneTraceFolder: setting(
      optional(text('the path of a folder', 'FOLDER')),
      null,
      'Folder into which each host writes what its lanes decide, for the simulator (bench/); nothing is written by default.',
    ),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Setting<unknown>>>>>;

export type Settings = typeof SETTINGS;
export type Section = keyof Settings;

/** A setting's full name, for example `server.port`. */
export type SettingName = { [S in Section]: `${S}.${keyof Settings[S] & string}` }[Section];

/** A setting with the names it goes by. */
export interface NamedSetting extends Setting<unknown> {
  readonly name: SettingName;
  readonly section: Section;
  /** Its name within the section. */
  readonly key: string;
  /** Its environment variable, for example `JITNEY_LIMITS_MAX_BODY_BYTES`. */
  readonly variable: string;
}

/** All settings in the order of the table. */
export function listSettings(): NamedSetting[] {
  const sections = Object.entries(SETTINGS) as [Section, Readonly<Record<string, Setting<unknown>>>][];
  return sections.flatMap(([section, settings]) =>
    Object.entries(settings).map(([key, each]) => ({
      ...each,
      section,
      key,
      name: `${section}.${key}` as SettingName,
      variable: `JITNEY_${section}_${key.replace(/[A-Z]/g, '_$&')}`.toUpperCase(),
    })),
  );
}
