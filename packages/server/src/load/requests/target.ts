import { JitneyError } from '@jitney/core';
import type { Address } from '../address.js';

/** What a URL says of whom to ask. */
export interface Target {
  readonly address: Required<Address>;
  /** For the Host header. */
  readonly authority: string;
  /** Of the server, without a path. */
  readonly url: string;
  /** The model that the path names; `null`: it names none. */
  readonly model: string | null;
  readonly version: string | null;
  /** Which of a model's two routes it names; `null`: neither. */
  readonly route: 'infer' | 'predict' | null;
}

const MODEL = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/infer)?$/;
const PREDICT = /^\/predict\/([^/]+)(?:\/versions\/([^/]+))?$/;

/**
 * A server's address (`http://host:8000`) or a model's (`http://host:8000/v2/models/fraud`, `/predict/fraud`).
 * @throws JitneyError `INVALID_ARGUMENT` for any other.
 */
export function parseTarget(text: string): Target {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) throw notATarget(text);
  const isSecure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
  return { address: { host, port, isSecure }, authority: url.host, url: url.origin, ...modelOf(url, text) };
}

function modelOf({ pathname }: URL, text: string): Pick<Target, 'model' | 'version' | 'route'> {
  const path = pathname.replace(/\/$/, '');
  if (path === '' || path === '/v2') return { model: null, version: null, route: null };
  const [, predicted, ofVersion = null] = PREDICT.exec(path) ?? [];
  if (predicted !== undefined) return { model: decodeURIComponent(predicted), version: ofVersion, route: 'predict' };
  const [, model, version = null] = MODEL.exec(path) ?? [];
  if (model === undefined) throw notATarget(text);
  return { model: decodeURIComponent(model), version, route: 'infer' };
}

function notATarget(text: string): JitneyError {
  return new JitneyError(
    'INVALID_ARGUMENT',
    `${text} is no address to send requests to: expected a server's (http://127.0.0.1:8000), or a model's (http://127.0.0.1:8000/v2/models/NAME or /predict/NAME)`,
  );
}
