import { describe, expect, it } from 'vitest';
import { acceptRequestId, createRequestIds } from './request-id.js';

describe('request ids', () => {
  it('are never given twice, by one gateway or two', () => {
    const [one, two] = [createRequestIds(), createRequestIds()];
    const ids = Array.from({ length: 1_000 }, () => [one(), two()]).flat();
    expect(new Set(ids).size).toBe(2_000);
  });
  it("are the client's own where they are fit for logs and headers", () => {
    expect(acceptRequestId('order-17:a.b@c')).toBe('order-17:a.b@c');
    for (const unfit of ['', 'a b', 'a\nb', 'ä', '<x>', 'x'.repeat(129), ['a'], undefined])
      expect(acceptRequestId(unfit)).toBeNull();
  });
});
