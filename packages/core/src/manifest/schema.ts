import * as z from 'zod';
import { MODEL_NAME } from '../model-name.js';

/**
 * The settings of `model.json`, a file beside a model. All of them are optional: what the model file itself tells
 * need not be written. Flags, environment and config file win over it.
 *
 * Here `error` holds what would have been right, as it continues "expected …". Descriptions go into the JSON Schema.
 */

function wholeNumber(minimum: number, maximum: number) {
  return z
    .int({ error: `a whole number from ${minimum} to ${maximum}` })
    .min(minimum, { error: `a whole number from ${minimum} to ${maximum}` })
    .max(maximum, { error: `a whole number from ${minimum} to ${maximum}` });
}

function settings<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, { error: 'an object { … }' });
}

const flag = () => z.boolean({ error: 'true or false' });
const text = () => z.string({ error: 'a text' });

const DAY_MS = 86_400_000;
const NAME_RULE = '1 to 128 letters, digits, ".", "_" or "-", the first a letter or a digit';
/** Relative, forward slashes, no `..` segment. */
const INNER_PATH = /^(?!\/)(?!(?:.*\/)?\.\.(?:\/|$))[^\\]+\.(?:onnx|[cm]?[jt]s)$/;

const batching = settings({
  enabled: flag()
    .optional()
    .describe('Whether rows of different requests may share a run. Default true where the model proves fit for it.'),
  maxRows: wholeNumber(1, 65_536)
    .optional()
    .describe('Most rows a run may hold, counted over all requests in it. What the model file allows still holds.'),
  maxDelayMs: wholeNumber(0, 60_000)
    .optional()
    .describe(
      'How long the oldest request may wait for a run to be filled, in milliseconds. Default 0: a free instance takes ' +
        'what is there, and what comes meanwhile rides in the next run.',
    ),
}).describe('How requests that arrive together ride together.');

const backend = settings({
  name: z.literal('onnx', { error: '"onnx"' }).optional().describe('The runtime. Default: what the file calls for.'),
  options: z
    .record(z.string(), z.unknown(), { error: 'an object { … }' })
    .optional()
    .describe('Options of the runtime, checked by it when the model is loaded: unknown ones are refused there.'),
}).describe('The runtime that executes the model.');

const queue = settings({
  maxEntries: wholeNumber(1, 1_000_000).optional().describe('Most requests that may wait. More are refused at once.'),
  maxBytes: wholeNumber(1, 2 ** 40)
    .optional()
    .describe('Most bytes the waiting requests may hold together.'),
}).describe('Limits of the queue before the model.');

const timeouts = settings({
  requestMs: wholeNumber(1, DAY_MS)
    .optional()
    .describe('A request that names no deadline is answered within this many milliseconds, or ends with an error.'),
  loadMs: wholeNumber(1, DAY_MS)
    .optional()
    .describe('Loading, warm-up included, may take this many milliseconds; after that the attempt has failed.'),
}).describe('How long things may take.');

const slo = settings({
  latencyMs: z
    .number({ error: 'a number of milliseconds above 0' })
    .positive({ error: 'a number of milliseconds above 0' })
    .max(DAY_MS, { error: `a number of milliseconds up to ${DAY_MS}` })
    .optional()
    .describe('Milliseconds within which a request should be answered; batches are made no larger than that allows.'),
}).describe('The latency the scheduler aims at.');

const warmup = settings({
  enabled: flag().optional().describe('Whether the model is run before it is called ready. Default true.'),
  rows: z
    .array(wholeNumber(1, 65_536), { error: 'a list of row counts' })
    .min(1, { error: 'a list of at least one row count' })
    .max(32, { error: 'a list of at most 32 row counts' })
    .optional()
    .describe(
      'Row counts to run, in this order; what they take teaches the scheduler. Default: 1, 2, 4 … up to the most ' +
        'rows of a run, for a second in all.',
    ),
}).describe('Runs before the model is called ready.');

const VERSIONS_RULE = '"all", { "latest": 2 } or { "specific": [1, 3] }';
const version = wholeNumber(1, Number.MAX_SAFE_INTEGER);
const versions = z
  .union(
    [
      z.literal('all').describe('Every version.'),
      settings({ latest: wholeNumber(1, 10_000) }).describe('That many versions, counted from the highest.'),
      settings({
        specific: z
          .array(version, { error: 'a list of version numbers' })
          .min(1, { error: 'a list of at least one version number' })
          .max(10_000, { error: 'a list of at most 10000 version numbers' }),
      }).describe('These versions and no other.'),
    ],
    { error: VERSIONS_RULE },
  )
  .describe('Which of the version folders are served. Default: { "latest": 1 }.');

const labels = z
  .array(text(), { error: 'a list of texts' })
  .min(1, { error: 'a list of at least one text' })
  .max(1_000_000, { error: 'a list of at most 1000000 texts' })
  .describe('Names of the classes, in the order of the values the model gives.');

export const manifestSchema = settings({
  $schema: text().optional().describe('Where editors find the JSON Schema of this file. Not read by the server.'),
  name: z
    .string({ error: NAME_RULE })
    .regex(MODEL_NAME, { error: NAME_RULE })
    .optional()
    .describe(`What the model is called in URLs and metrics: ${NAME_RULE}. Default: the folder's name.`),
  description: text()
    .max(10_000, { error: 'a text of at most 10000 characters' })
    .optional()
    .describe('A sentence for the page and the API description.'),
  file: z
    .string({ error: 'a path inside the folder, such as "onnx/model_quantized.onnx"' })
    .regex(INNER_PATH, { error: 'a path inside the folder, such as "onnx/model_quantized.onnx"' })
    .optional()
    .describe('Which file of the folder is the model, relative to it (to the version folder where there are some).'),
  task: z
    .literal('tensor', { error: '"tensor" (code around a model goes into model.ts and needs no task here)' })
    .optional()
    .describe('"tensor": serve the model file by the tensor API alone, even where a model.ts is beside it.'),
  backend: backend.optional(),
  batching: batching.optional(),
  slo: slo.optional(),
  instances: wholeNumber(1, 64)
    .optional()
    .describe('How many runs of this model may go on at the same time. Default 1.'),
  host: z
    .string({ error: NAME_RULE })
    .regex(MODEL_NAME, { error: NAME_RULE })
    .optional()
    .describe('Models that name the same host share one process. Default: a process of its own.'),
  versions: versions.optional(),
  warmup: warmup.optional(),
  labels: labels.optional(),
  timeouts: timeouts.optional(),
  queue: queue.optional(),
});

/** A parsed `model.json`. Nothing is filled in: what is absent was not said. */
export type Manifest = z.output<typeof manifestSchema>;
