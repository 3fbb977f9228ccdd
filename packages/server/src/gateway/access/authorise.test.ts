import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAuthorise } from './authorise.js';

const sha256 = (key: string) => createHash('sha256').update(key).digest('hex');

describe('a server with a key', () => {
  const authorise = createAuthorise(sha256('s3cret'));
  it('lets the key pass, as a bearer token or in X-API-Key', () => {
    expect(() => authorise({ authorization: 'Bearer s3cret' })).not.toThrow();
    expect(() => authorise({ authorization: 'bearer  s3cret ' })).not.toThrow();
    expect(() => authorise({ 'x-api-key': 's3cret' })).not.toThrow();
  });
  it.each([
    {},
    { authorization: 'Bearer' },
    { authorization: 'Basic s3cret' },
    { authorization: 'Bearer s3cre' },
    { 'x-api-key': '' },
  ])('refuses %j', (headers) => {
    expect(() => authorise(headers)).toThrow(/key/);
  });
});

describe('a server without a key', () => {
  it('lets everybody pass', () => {
    expect(() => createAuthorise(null)({})).not.toThrow();
  });
});
