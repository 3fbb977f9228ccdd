import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CATALOGUE, type ErrorCode, invariant, JitneyError } from './errors.js';

const PAGE = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const CODES = Object.keys(ERROR_CATALOGUE) as ErrorCode[];

describe('the page of errors', () => {
  it('has every code, its meaning and what to do', () => {
    for (const code of CODES) {
      const section = PAGE.split(`\n## ${code}\n`)[1]?.split('\n## ')[0];
      expect(section, code).toContain(ERROR_CATALOGUE[code].meaning);
      expect(section, code).toContain(ERROR_CATALOGUE[code].remedy);
    }
  });

  it('has no other code', () => {
    const headings = [...PAGE.matchAll(/^## ([A-Z_]+)$/gm)].map(([, code]) => code);
    expect(headings).toEqual(CODES);
  });
});

describe('an error that crosses a process boundary', () => {
  it('keeps code, message, wait and item, and leaves its cause behind', () => {
    const error = new JitneyError('QUEUE_FULL', 'full', { retryAfterMs: 20, item: 3, cause: new Error('secret') });
    const arrived = JitneyError.fromRecord(JSON.parse(JSON.stringify(error.toRecord())));
    expect(arrived).toMatchObject({ code: 'QUEUE_FULL', message: 'full', retryAfterMs: 20, item: 3 });
    expect(arrived.cause).toBeUndefined();
  });

  it('says nothing of what it does not know', () => {
    expect(new JitneyError('INTERNAL', 'x').toRecord()).toEqual({ code: 'INTERNAL', message: 'x' });
  });
});

describe('any thrown value', () => {
  it('becomes an error of the closed set, with itself as the cause', () => {
    const thrown = new TypeError('boom');
    expect(JitneyError.from(thrown)).toMatchObject({ code: 'INTERNAL', message: 'boom', cause: thrown });
    expect(JitneyError.from('text', 'MODEL_ERROR')).toMatchObject({
      code: 'MODEL_ERROR',
      message: 'text',
      cause: 'text',
    });
    expect(JitneyError.from(thrown, 'INTERNAL', 'for the client').message).toBe('for the client');
  });

  it('stays what it is where it already is one', () => {
    const error = new JitneyError('CANCELLED', 'gone');
    expect(JitneyError.from(error, 'INTERNAL')).toBe(error);
  });
});

describe('a case that cannot happen', () => {
  it('says that it is a bug, and whose', () => {
    expect(() => invariant(true, 'fine')).not.toThrow();
    expect(() => invariant(false, 'two owners')).toThrow('This is a bug in Jitney: two owners');
  });
});
