import { isIP } from 'node:net';
import type { Config } from './config.js';

/** What is right by itself and wrong together, one sentence each. */
export function contradictions({ server, limits, supervision }: Config): string[] {
  return [
    ...exposed(server),
    ...atMost('limits.defaultTimeoutMs', limits.defaultTimeoutMs, 'limits.maxTimeoutMs', limits.maxTimeoutMs),
    ...atMost('limits.maxBodyBytes', limits.maxBodyBytes, 'limits.maxInFlightBytes', limits.maxInFlightBytes),
    ...atMost('server.headersTimeoutMs', server.headersTimeoutMs, 'server.requestTimeoutMs', server.requestTimeoutMs),
    ...atMost(
      'supervision.restartBackoffMs',
      supervision.restartBackoffMs,
      'supervision.restartBackoffMaxMs',
      supervision.restartBackoffMaxMs,
    ),
    ...atMost(
      'twice supervision.heartbeatIntervalMs',
      2 * supervision.heartbeatIntervalMs,
      'supervision.heartbeatTimeoutMs',
      supervision.heartbeatTimeoutMs,
    ),
  ];
}

function atMost(name: string, value: number, limitName: string, limit: number): string[] {
  return value <= limit ? [] : [`${name} is ${value}; expected at most ${limitName}, which is ${limit}.`];
}

function exposed({ host, apiKeySha256, insecure }: Config['server']): string[] {
  if (apiKeySha256 !== null || insecure || isLoopback(host)) return [];
  return [
    `server.host is ${host}, which others can reach, and there is no key. ` +
      'Set JITNEY_API_KEY or --api-key-file, or say --insecure where something in front checks who calls.',
  ];
}

/** Whether only this machine can reach it. A name other than localhost may resolve to anything. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) === 4) return address.startsWith('127.');
  if (isIP(address) === 6) return /^(0*:)*:?0*1$/.test(address);
  return address.toLowerCase() === 'localhost';
}
