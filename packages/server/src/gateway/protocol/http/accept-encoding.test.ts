import { describe, expect, it } from 'vitest';
import { chooseEncoding } from './accept-encoding.js';

describe('the Accept-Encoding header', () => {
  it.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip', 'gzip'],
    ['deflate', 'deflate'],
    ['gzip, deflate, br', 'gzip'],
    ['gzip;q=0.2, deflate;q=0.8', 'deflate'],
    ['br', 'identity'],
    ['*', 'gzip'],
    ['GZIP ; q=1.0', 'gzip'],
    ['identity', 'identity'],
    ['identity, gzip;q=0.5', 'identity'],
  ])('%j means %s', (header, encoding) => {
    expect(chooseEncoding(header)).toBe(encoding);
  });
  it('never gives what q=0 refuses', () => {
    expect(chooseEncoding('gzip;q=0')).toBe('identity');
    expect(chooseEncoding('gzip;q=0, *')).toBe('deflate');
    expect(chooseEncoding('gzip;q=rubbish')).toBe('identity');
  });
});
