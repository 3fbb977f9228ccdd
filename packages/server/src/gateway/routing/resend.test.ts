import { describe, expect, it } from 'vitest';
import { decideFate, type Orphan } from './resend.js';

const orphan: Orphan = { attempts: 1, alone: false, progress: 'unknown', wasSuspect: false };
const MAX = 3;

describe('a host that ended by a fault', () => {
  it('makes a suspect of what was in a run: it runs alone next', () => {
    expect(decideFate({ ...orphan, progress: 'started' }, 'fault', MAX)).toBe('resend-alone');
  });
  it('makes suspects of all where it named no run', () => {
    expect(decideFate(orphan, 'fault', MAX)).toBe('resend-alone');
  });
  it('leaves what only waited as it was', () => {
    expect(decideFate({ ...orphan, progress: 'waiting' }, 'fault', MAX)).toBe('resend');
  });
  it('keeps a suspect that only waited alone', () => {
    expect(decideFate({ ...orphan, progress: 'waiting', wasSuspect: true }, 'fault', MAX)).toBe('resend-alone');
  });
  it('condemns only what ran alone in it', () => {
    expect(decideFate({ ...orphan, alone: true, wasSuspect: true, progress: 'started' }, 'fault', MAX)).toBe('condemn');
    expect(decideFate({ ...orphan, alone: true, wasSuspect: true }, 'fault', MAX)).toBe('resend-alone');
  });
});

describe("a host that ended by somebody's kill", () => {
  it('condemns nobody, whatever ran', () => {
    expect(decideFate({ ...orphan, alone: true, progress: 'started' }, 'killed', MAX)).toBe('resend-alone');
    expect(decideFate({ ...orphan, progress: 'started' }, 'killed', MAX)).toBe('resend');
  });
  it('sends a request to so many hosts and no more', () => {
    expect(decideFate({ ...orphan, attempts: MAX }, 'killed', MAX)).toBe('lose');
    expect(decideFate({ ...orphan, attempts: MAX }, 'exit', MAX)).toBe('lose');
    expect(decideFate({ ...orphan, attempts: MAX }, 'fault', MAX)).toBe('lose');
  });
});

describe('a host that hung', () => {
  it('does not get its run a second time', () => {
    expect(decideFate({ ...orphan, progress: 'started' }, 'hung', MAX)).toBe('lose');
  });
  it('passes on what waited', () => {
    expect(decideFate({ ...orphan, progress: 'waiting' }, 'hung', MAX)).toBe('resend');
  });
});
