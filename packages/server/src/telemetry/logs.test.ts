import { JitneyError } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import { createLog, type LogOptions, wantsColour } from './logs.js';

function record(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { log: createLog({ level: 'info', format: 'json', name: 'gateway 1', destination, ...options }), lines };
}

const ESCAPE = String.fromCharCode(27);
const withoutColour = (lines: readonly string[]) => lines.join('').replaceAll(new RegExp(`${ESCAPE}\\[\\d+m`, 'g'), '');

describe('a JSON log', () => {
  it('writes one object a line with level, time, name, fields and message', () => {
    const { log, lines } = record();
    log.warn({ requestId: 'r-1', model: 'fraud', version: '3' }, 'slow');
    expect(lines).toHaveLength(1);
    expect(lines[0]!.endsWith('}\n')).toBe(true);
    const { time, ...rest } = JSON.parse(lines[0]!) as { readonly time: string };
    expect(rest).toEqual({
      level: 'warn',
      name: 'gateway 1',
      requestId: 'r-1',
      model: 'fraud',
      version: '3',
      msg: 'slow',
    });
    expect(new Date(time).toISOString()).toBe(time);
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = record({ level: 'error' });
    log.warn('not this');
    log.error('this');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['this']);
  });

  it('adds the fields of a child to each of its lines', () => {
    const { log, lines } = record();
    log.child({ model: 'fraud' }).child({ version: '3' }).info('loaded');
    expect(JSON.parse(lines[0]!)).toMatchObject({ model: 'fraud', version: '3', msg: 'loaded' });
  });

  it('keeps the cause of an error, which clients never see', () => {
    const { log, lines } = record();
    const err = new JitneyError('MODEL_ERROR', 'the run failed', { cause: new Error('node Add_3: out of memory') });
    log.error({ err }, 'request failed');
    const written = (JSON.parse(lines[0]!) as { err: { code: string; stack: string } }).err;
    expect(written.code).toBe('MODEL_ERROR');
    expect(written.stack).toContain('node Add_3: out of memory');
  });
});

describe('a field that holds a key', () => {
  const spellings = ['authorization', 'Authorization', 'x-api-key', 'X-Api-Key', 'apiKey', 'api_key', 'JITNEY_API_KEY'];

  it.each(spellings)('%s is never written, at any depth', (name) => {
    const { log, lines } = record();
    const fields = { [name]: 's3cret', a: { [name]: 's3cret' }, list: [{ headers: { [name]: 's3cret' } }] };
    log.info(fields, 'm');
    log.child({ [name]: 's3cret' }).info('m');
    log
      .child({ quiet: true })
      .child({ nested: { [name]: 's3cret' } })
      .info('m');
    expect(lines.join('')).not.toContain('s3cret');
    expect(lines.join('').match(/\[redacted\]/g)).toHaveLength(5);
    expect(fields.a[name]).toBe('s3cret');
  });

  it('leaves the other fields as they were', () => {
    const { log, lines } = record();
    const fields = { status: 200, tokens: 7, list: [1, { a: null }], when: new Date(0), bytes: [[1], [2]] };
    log.info(fields, 'm');
    expect(JSON.parse(lines[0]!)).toMatchObject({ ...fields, when: '1970-01-01T00:00:00.000Z' });
  });
});

describe('a log for people', () => {
  it('writes time, level, process, message and fields on one line', () => {
    const { log, lines } = record({ format: 'pretty' });
    log.info({ model: 'fraud', tookMs: 12 }, 'loaded');
    const plain = withoutColour(lines);
    expect(plain).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO \(gateway 1\): loaded \{"model":"fraud","tookMs":12\}\n$/);
  });

  it('never passes on control characters that a client sent', () => {
    const { log, lines } = record({ format: 'pretty' });
    log.info({ id: 'a\u001b]0;title\u0007b', path: 'C:\\u001b' }, 'clear \u001b[2J\u009b2J \\\u001b done');
    const plain = withoutColour(lines);
    expect(plain).toContain('clear ·[2J·2J \\· done');
    expect(plain).toContain('a·]0;title·b');
    expect(plain).toContain('C:\\u001b');
  });
});

describe('colour', () => {
  it('follows NO_COLOR, then FORCE_COLOR, then the terminal', () => {
    expect(wantsColour({ NO_COLOR: '1', FORCE_COLOR: '1' }, true)).toBe(false);
    expect(wantsColour({ NO_COLOR: '', FORCE_COLOR: '1' }, false)).toBe(true);
    expect(wantsColour({ FORCE_COLOR: '0' }, false)).toBe(false);
    expect(wantsColour({}, true)).toBe(true);
    expect(wantsColour({}, false)).toBe(false);
  });
});
