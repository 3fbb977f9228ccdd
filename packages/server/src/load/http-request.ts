export interface RequestParts {
  /** Default: GET without a body, POST with one. */
  readonly method?: string;
  readonly path: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** The bytes of a request over a connection that stays open. */
export function httpRequest({ path, body, method = body ? 'POST' : 'GET', host, headers = {} }: RequestParts): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host ?? '127.0.0.1'}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body !== undefined) lines.push(`Content-Length: ${body.byteLength}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body ?? Buffer.alloc(0)]);
}

/** A POST of JSON. */
export function postJson(path: string, json: string): Buffer {
  return httpRequest({ path, headers: { 'Content-Type': 'application/json' }, body: Buffer.from(json) });
}

export function get(path: string): Buffer {
  return httpRequest({ path });
}
