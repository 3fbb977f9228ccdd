import { JitneyError } from '@jitney/core';
import { httpRequest } from '../http-request.js';
import { sendOnce } from '../send-once.js';
import type { TensorMetadata } from './sample-shape.js';
import type { Target } from './target.js';

/** What a server tells of one model. */
export interface ServedModel {
  readonly name: string;
  readonly inputs: readonly TensorMetadata[];
  /** Whether code of its own takes something else than tensors at /predict. */
  readonly hasOwnCode: boolean;
  /** What /predict takes, where the model says; else `undefined`. */
  readonly example: unknown;
}

interface ApiDescription {
  readonly paths?: Readonly<Record<string, unknown>>;
}

interface PredictOperation {
  readonly post?: { readonly requestBody?: { readonly content?: Readonly<Record<string, { example?: unknown }>> } };
}

/** The server that a target names, asked about its models. It may be any that speaks the Open Inference Protocol. */
export class Server {
  readonly #target: Target;
  readonly #apiKey: string | null;

  constructor(target: Target, apiKey: string | null) {
    this.#target = target;
    this.#apiKey = apiKey;
  }

  /** What every request to it needs. */
  get headers(): Readonly<Record<string, string>> {
    return this.#apiKey === null ? {} : { Authorization: `Bearer ${this.#apiKey}` };
  }

  /**
   * @param wanted Its name; `null`: the only one.
   * @throws JitneyError `MODEL_NOT_FOUND` with the names there are; `INVALID_ARGUMENT` where several are meant.
   */
  async findModel(wanted: string | null): Promise<ServedModel> {
    const description = (await this.#get('/openapi.json')).json as ApiDescription | null;
    const name = wanted ?? (await this.#onlyModel(description));
    const { version } = this.#target;
    const path = `/v2/models/${encodeURIComponent(name)}${version === null ? '' : `/versions/${version}`}`;
    const { status, json, text } = await this.#get(path);
    if (status !== 200) throw await this.#unknown(name, description, `${status} ${text}`);
    const content = contentOf(description, name);
    return {
      name,
      inputs: (json as { readonly inputs?: readonly TensorMetadata[] }).inputs ?? [],
      hasOwnCode: content !== null && '*/*' in content,
      example: (content?.['application/json']?.example as { readonly inputs?: unknown } | undefined)?.inputs,
    };
  }

  /** @throws JitneyError `UNAUTHENTICATED`; `INVALID_ARGUMENT` where nobody listens. */
  async #get(path: string) {
    const response = await this.send(httpRequest({ path, host: this.#target.authority, headers: this.headers }));
    const text = response.body.toString();
    if (response.status === 401) {
      throw new JitneyError(
        'UNAUTHENTICATED',
        `${this.#target.url} asks for a key${this.#apiKey === null ? '' : ', and refused the one it got'}: give it with --api-key-file FILE or in JITNEY_API_KEY`,
      );
    }
    return { status: response.status, text: text.slice(0, 300), json: parsedOrNull(text) };
  }

  /** @throws JitneyError `INVALID_ARGUMENT` where it cannot be reached. */
  send(request: Uint8Array) {
    return sendOnce(this.#target.address, request).catch((error: NodeJS.ErrnoException) => {
      const { url } = this.#target;
      const what = error.code === 'ECONNREFUSED' ? `nothing listens at ${url}` : `${url} cannot be asked`;
      const reason = error.code ?? error.message;
      throw new JitneyError(
        'INVALID_ARGUMENT',
        `${what} (${reason}): start it with "jitney serve PATH", or give the path of a model instead of an address`,
        { cause: error },
      );
    });
  }

  async #onlyModel(description: ApiDescription | null): Promise<string> {
    const names = await this.#names(description);
    const [only, ...others] = names;
    if (only !== undefined && others.length === 0) return only;
    const found = names.length === 0 ? 'tells of no model' : `has several models: ${names.join(', ')}`;
    throw new JitneyError('INVALID_ARGUMENT', `${this.#target.url} ${found}; name one with --model NAME`);
  }

  /** Jitney's own description has them; of other servers, Triton's index does. */
  async #names(description: ApiDescription | null): Promise<string[]> {
    const paths = Object.keys(description?.paths ?? {}).flatMap(
      (path) => /^\/predict\/([^/{]+)$/.exec(path)?.[1] ?? [],
    );
    if (paths.length > 0) return paths.map(decodeURIComponent);
    const path = '/v2/repository/index';
    const body = Buffer.from('{}');
    const { body: answer } = await this.send(
      httpRequest({ path, host: this.#target.authority, headers: this.headers, body }),
    );
    const index = parsedOrNull(answer.toString());
    return Array.isArray(index) ? index.flatMap(({ name }) => (typeof name === 'string' ? [name] : [])) : [];
  }

  async #unknown(name: string, description: ApiDescription | null, answer: string): Promise<JitneyError> {
    const names = await this.#names(description);
    const known = names.length === 0 ? '' : `; it has ${names.join(', ')}`;
    return new JitneyError(
      'MODEL_NOT_FOUND',
      `${this.#target.url} tells nothing of model '${name}'${known}: ${answer}`,
    );
  }
}

function contentOf(description: ApiDescription | null, name: string) {
  const operation = description?.paths?.[`/predict/${name}`] as PredictOperation | undefined;
  return operation?.post?.requestBody?.content ?? null;
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
