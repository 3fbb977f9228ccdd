import { Agent, type IncomingMessage, request } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface HttpCall {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | Uint8Array;
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
}

/** One HTTP request over node:http, whose connections a test can hold and count. */
export function call(
  port: number,
  { path, method = 'POST', headers = {}, body, agent, signal }: HttpCall,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { port, host: '127.0.0.1', path, method, headers, ...(agent && { agent }), ...(signal && { signal }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** What a load saw. */
export interface LoadReport {
  readonly answered: number;
  /** `503 {"error": …}` or a socket error, each with how often. */
  readonly failures: ReadonlyMap<string, number>;
}

/** Requests one after the other on each of `connections` keep-alive connections until it is told to end. */
export function startLoad(port: number, connections: number, next: (count: number) => HttpCall) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const failures = new Map<string, number>();
  let answered = 0;
  let sent = 0;
  let isOver = false;
  const watchers: { readonly count: number; readonly resolve: () => void }[] = [];
  const worker = async () => {
    while (!isOver) {
      const failure = await call(port, { agent, ...next(sent++) }).then(
        ({ status, body }) => (status === 200 ? null : `${status} ${body.toString().slice(0, 200)}`),
        (error: Error) => String(error.message),
      );
      if (failure === null) answered += 1;
      else failures.set(failure, (failures.get(failure) ?? 0) + 1);
      for (const watcher of watchers) if (answered >= watcher.count) watcher.resolve();
    }
  };
  const workers = Array.from({ length: connections }, worker);
  return {
    /** Resolves once so many more have been answered. */
    more: (count: number) => {
      const target = answered + count;
      return new Promise<void>((resolve) => watchers.push({ count: target, resolve }));
    },
    stop: async (): Promise<LoadReport> => {
      isOver = true;
      await Promise.all(workers);
      agent.destroy();
      return { answered, failures };
    },
  };
}
