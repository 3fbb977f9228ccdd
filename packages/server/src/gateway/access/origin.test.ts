import { describe, expect, it } from 'vitest';
import { createOriginCheck } from './origin.js';

const host = '127.0.0.1:8000';

describe('a server on loopback without a key', () => {
  const check = createOriginCheck({ corsOrigins: ['https://app.example.org'], trustsThisMachine: true });
  it.each([
    { host },
    { host, origin: 'http://127.0.0.1:8000' },
    { host: 'localhost:8000', origin: 'http://localhost:8000' },
    { host: '[::1]:8000', origin: 'http://[::1]:8000' },
    { host, origin: 'https://app.example.org' },
  ])('serves %j', (headers) => {
    expect(() => check(headers)).not.toThrow();
  });
  it.each([
    { host, origin: 'http://evil.example' },
    { host, origin: 'http://127.0.0.1:9999' },
    { host, origin: 'null' },
    { host, origin: '' },
    { host: 'evil.example:8000', origin: 'http://evil.example:8000' },
  ])('refuses %j', (headers) => {
    expect(() => check(headers)).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
  });
});

describe('a server with a key, or beyond loopback', () => {
  const check = createOriginCheck({ corsOrigins: [], trustsThisMachine: false });
  it('serves its own pages by whatever name it has', () => {
    expect(() => check({ host: 'ml.example.org', origin: 'https://ml.example.org' })).not.toThrow();
    expect(() => check({ host: 'ml.example.org', origin: 'https://evil.example' })).toThrow(/--cors-origins/);
  });
});

describe('a server that lists *', () => {
  it('serves every page', () => {
    const check = createOriginCheck({ corsOrigins: ['*'], trustsThisMachine: true });
    expect(() => check({ host, origin: 'https://evil.example' })).not.toThrow();
  });
});
