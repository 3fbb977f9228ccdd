import type { NamedModel } from './exchange.js';

/** A request that goes to a model, by its path. */
export interface DataRoute extends NamedModel {
  readonly kind: 'infer' | 'predict';
}

// A proxy may ask for the whole address (RFC 9112 §3.2.2): what is before the path is not looked at.
const INFER = /^(?:https?:\/\/[^/]*)?\/v2\/models\/([^/]+)(?:\/versions\/(\d+))?\/infer$/;
const PREDICT = /^(?:https?:\/\/[^/]*)?\/predict(?:\/([^/]+)(?:\/versions\/([^/]+))?)?$/;

/** Paths that were asked for before, so that a busy route is matched once. Emptied when clients ask for many. */
const known = new Map<string, DataRoute | null>();
const KNOWN_AT_MOST = 1_000;
const KNOWN_LENGTH = 512;

/** What a path asks of which model; `null` for every other path. The query is ignored. */
export function dataRoute(url: string): DataRoute | null {
  const found = known.get(url);
  if (found !== undefined) return found;
  const route = match(url.split('?', 1)[0] as string);
  if (url.length > KNOWN_LENGTH) return route;
  if (known.size >= KNOWN_AT_MOST) known.clear();
  known.set(url, route);
  return route;
}

function match(path: string): DataRoute | null {
  const infer = INFER.exec(path);
  if (infer !== null) return routeOf('infer', infer);
  const predict = PREDICT.exec(path);
  return predict === null ? null : routeOf('predict', predict);
}

function routeOf(kind: DataRoute['kind'], [, model, version]: RegExpExecArray): DataRoute | null {
  try {
    return { kind, model: model === undefined ? null : decodeURIComponent(model), version: version ?? null };
  } catch {
    // Not a percent-encoding: no model has this name.
    return { kind, model: model ?? null, version: version ?? null };
  }
}
