import type { DtypeArrays, NumericDtype } from './dtype.js';
import type { Awaitable } from './pipeline.js';

/**
 * A schema of any library that follows Standard Schema 1 (zod, valibot, arktype …): the part Jitney reads.
 * Source: standardschema.dev.
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Awaitable<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: ReadonlyArray<{
        readonly message: string;
        readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
      }>;
    };

/** What a schema yields once a value passed it. */
export type Parsed<S extends Schema> = NonNullable<S['~standard']['types']>['output'];
/** What a schema takes: what `postprocess` must return for `output`. */
export type Accepted<S extends Schema> = NonNullable<S['~standard']['types']>['input'];

/**
 * What `preprocess` gives for one model input. The dtype comes from the model's signature.
 *
 * - Flat numbers or strings: the shape is the model's own, with as many rows as the values fill.
 * - `{ shape, data }`: the shape as written, the batch dimension first.
 */
export type Feed =
  | DtypeArrays[NumericDtype]
  | readonly number[]
  | readonly bigint[]
  | readonly string[]
  | readonly boolean[]
  | {
      readonly shape: readonly number[];
      readonly data: DtypeArrays[NumericDtype] | readonly number[] | readonly bigint[] | readonly string[];
    };

/** One value for each model input, by name. */
export type Feeds = Readonly<Record<string, Feed>>;

/** One model output, this item's rows only. Strings are decoded as UTF-8, FP16 and BF16 widened to numbers. */
export interface OutputTensor {
  /** Row-major sizes; the first counts this item's rows. */
  readonly shape: readonly number[];
  readonly data: DtypeArrays[NumericDtype] | readonly string[];
}

export type Outputs = Readonly<Record<string, OutputTensor>>;

/** What the functions of a `model.ts` are told beside the item. */
export interface ItemContext {
  readonly requestId: string;
  /** `parameters` of the request, unchecked. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Fires when the client left or the deadline passed. */
  readonly signal: AbortSignal;
  /** Writes to the server's log with the request's id. */
  readonly log: ModelLog;
}

export interface ModelLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/**
 * A model with code around it: the default export of a `model.ts`.
 *
 * `preprocess` and `postprocess` see one item; the rows of many requests go through `model` together.
 */
export interface ModelDefinition<I extends Schema = Schema, O extends Schema = Schema> {
  /** The model file, relative to this `model.ts`. */
  readonly model: string;
  /** A sentence for the page and the API description. */
  readonly description?: string;
  /** Checks what a client sends for one item; what it yields goes to `preprocess`. */
  readonly input: I;
  /** Checks what `postprocess` returns. */
  readonly output: O;
  /** An input that works, for the page, the API description and the warm-up. JSON, or a string. */
  readonly example?: unknown;
  /** Called once before the first item; what it gives is `context.state`. Not in this release. */
  setup?(context: SetupContext): Awaitable<unknown>;
  /** Called once when the model is unloaded. Not in this release. */
  close?(state: unknown): Awaitable<void>;
  /** True where a request changes something outside: it is then never sent to a second host. Not in this release. */
  readonly effects?: boolean;
  /** One item → the model's inputs. Throw `InvalidInput` for what the client got wrong. */
  preprocess(input: Parsed<I>, context: ItemContext): Awaitable<Feeds>;
  /** The model's outputs for that item → the answer. */
  postprocess(outputs: Outputs, context: ItemContext & { readonly input: Parsed<I> }): Awaitable<Accepted<O>>;
}

/** What `setup` is told. */
export interface SetupContext {
  readonly signal: AbortSignal;
  readonly log: ModelLog;
  /** Another model of this server, batched there. */
  model(name: string): OtherModel;
}

/** A model as own code calls it. */
export interface OtherModel {
  predict(input: unknown, options?: { readonly signal?: AbortSignal }): Promise<unknown>;
}

/**
 * Code that is the whole model, many items at a time: for what no model file does. Exactly one answer an item, in order.
 * Not in this release; its form is fixed here so that what is written now stays right.
 */
export interface BatchDefinition<I extends Schema = Schema, O extends Schema = Schema> {
  readonly description?: string;
  readonly input: I;
  readonly output: O;
  readonly example?: unknown;
  readonly effects?: boolean;
  setup?(context: SetupContext): Awaitable<unknown>;
  close?(state: unknown): Awaitable<void>;
  batch(items: readonly Parsed<I>[], context: BatchContext): Awaitable<readonly Accepted<O>[]>;
}

/** Code that answers an item piece by piece, as server-sent events. Not in this release. */
export interface StreamDefinition<I extends Schema = Schema, O extends Schema = Schema>
  extends Omit<BatchDefinition<I, O>, 'batch'> {
  stream(item: Parsed<I>, context: ItemContext & { readonly state: unknown }): AsyncIterable<Accepted<O>>;
}

/** What a `batch` function is told. */
export interface BatchContext {
  readonly state: unknown;
  /** One for each item, in order. */
  readonly items: readonly ItemContext[];
  /** Fires when nobody waits for any of them. */
  readonly signal: AbortSignal;
}

/**
 * Declares a model with code around it; gives its argument back, typed.
 *
 * @example
 * export default defineModel({
 *   model: './model.onnx',
 *   input: z.object({ celsius: z.number() }),
 *   output: z.object({ fahrenheit: z.number() }),
 *   preprocess: ({ celsius }) => ({ x: [celsius] }),
 *   postprocess: ({ y }) => ({ fahrenheit: Number(y?.data[0]) }),
 * });
 */
export function defineModel<I extends Schema, O extends Schema>(
  definition: Omit<ModelDefinition<I, O>, 'postprocess'> & { readonly postprocess: Postprocess<I, O> },
): ModelDefinition<I, O> {
  return definition as ModelDefinition<I, O>;
}

/**
 * The type of `postprocess`, as a conditional: TypeScript fills in what it knows of `O` before it looks at the
 * function's body only there, and without that it takes `{ decision: 'ok' }` for a `string` where an enum is wanted.
 */
type Postprocess<I extends Schema, O extends Schema> = O extends Schema ? ModelDefinition<I, O>['postprocess'] : never;

/** Thrown by `preprocess` for what the client got wrong: the answer is a 400 with this message. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
}
