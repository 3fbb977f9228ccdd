import { describe, expect, it } from 'vitest';
import { decideFate, type Orphan } from './resend.js';

const orphan: Orphan = { attempts: 1, alone: false, progress: 'unknown', wasSuspect: false };
const MAX = 3;

describe.each(['fault', 'exit'] as const)('a host that ended by its own doing (%s)', (end) => {
  it('makes a suspect of what was in a run: it runs alone next', () => {
    expect(decideFate({ ...orphan, progress: 'started' }, end, MAX)).toBe('resend-alone');
  });
  it('makes suspects of all where it named no run', () => {
    expect(decideFate(orphan, end, MAX)).toBe('resend-alone');
  });
  it('leaves what only waited as it was', () => {
    expect(decideFate({ ...orphan, progress: 'waiting' }, end, MAX)).toBe('resend');
  });
  it('keeps a suspect that only waited alone', () => {
    expect(decideFate({ ...orphan, progress: 'waiting', wasSuspect: true }, end, MAX)).toBe('resend-alone');
  });
  it('condemns only what ran alone in it', () => {
    expect(decideFate({ ...orphan, alone: true, wasSuspect: true, progress: 'started' }, end, MAX)).toBe('condemn');
    expect(decideFate({ ...orphan, alone: true, wasSuspect: true }, end, MAX)).toBe('resend-alone');
  });
});

describe("a host that ended by somebody's kill", () => {
  it('condemns nobody, whatever ran', () => {
    expect(decideFate({ ...orphan, alone: true, progress: 'started' }, 'killed', MAX)).toBe('resend-alone');
    expect(decideFate({ ...orphan, progress: 'started' }, 'killed', MAX)).toBe('resend');
  });
});

describe('a host that hung', () => {
  it('does not get the run a second time that was too old', () => {
    expect(decideFate({ ...orphan, progress: 'stuck' }, 'hung', MAX)).toBe('lose');
  });
  it('makes suspects of what else may have held its loop: they run alone next', () => {
    expect(decideFate({ ...orphan, progress: 'started' }, 'hung', MAX)).toBe('resend-alone');
    expect(decideFate(orphan, 'hung', MAX)).toBe('resend-alone');
  });
  it('does not get a third time what hung alone in it, and condemns nobody: it may have been stopped', () => {
    expect(decideFate({ ...orphan, alone: true, progress: 'started' }, 'hung', MAX)).toBe('lose');
  });
  it('passes on what waited', () => {
    expect(decideFate({ ...orphan, progress: 'waiting' }, 'hung', MAX)).toBe('resend');
  });
});

describe('a request whose hosts keep ending', () => {
  it.each(['fault', 'exit', 'hung', 'killed'] as const)('is sent to so many and no more (%s)', (end) => {
    expect(decideFate({ ...orphan, attempts: MAX }, end, MAX)).toBe('lose');
  });
});
