import { JitneyError } from '@jitney/core';

/** The headers a browser names a page by. */
export interface OriginHeaders {
  readonly origin?: string | undefined;
  readonly host?: string | undefined;
}

export interface OriginRules {
  /** Origins that may call; `*`: all. */
  readonly corsOrigins: readonly string[];
  /** Nothing but being on this machine guards the server: it listens on loopback and has no key. */
  readonly trustsThisMachine: boolean;
}

/** Refuses what a page of an origin that is not listed sends. @throws JitneyError `FORBIDDEN` */
export type CheckOrigin = (headers: OriginHeaders) => void;

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Without CORS headers a page cannot read an answer, but a browser sends a simple request all the same, and its work would
 * be done. And a page whose name is made to resolve to 127.0.0.1 (DNS rebinding) has the server's own origin: where only
 * being on this machine guards the server, the name must be this machine's. Programs send no Origin and are not asked.
 */
export function createOriginCheck({ corsOrigins, trustsThisMachine }: OriginRules): CheckOrigin {
  if (corsOrigins.includes('*')) return () => {};
  return ({ origin, host }) => {
    if (origin === undefined || corsOrigins.includes(origin)) return;
    const url = URL.canParse(origin) ? new URL(origin) : null;
    if (url !== null && url.host === host && (!trustsThisMachine || LOOPBACK.test(url.hostname))) return;
    throw new JitneyError(
      'FORBIDDEN',
      `pages of ${origin.slice(0, 100)} may not call this server: list it with --cors-origins`,
    );
  };
}
