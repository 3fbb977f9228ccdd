import { describe, expect, it } from 'vitest';
import type { HostModel } from '../wire/messages.js';
import { threadPoolSize } from './host-life.js';

const models = (...instances: number[]) => instances.map((count) => ({ instances: count }) as HostModel);

describe("the thread pool of a host's process", () => {
  it('has room for every run, a decoder and a tokeniser for each CPU, and two spare', () => {
    expect(threadPoolSize(models(1), 2)).toBe(1 + 4 + 2);
    expect(threadPoolSize(models(3, 2), 16)).toBe(5 + 32 + 2);
  });

  it('is never larger than libuv makes it', () => {
    expect(threadPoolSize(models(2000), 2)).toBe(1024);
  });
});
