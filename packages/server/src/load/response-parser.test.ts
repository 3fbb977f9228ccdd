import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResponseParser } from './response-parser.js';

/** The same in chunks, two bytes each. */
const writtenInChunks = (body: string) => {
  const chunks = body.match(/.{1,2}/gs) ?? [];
  const parts = chunks.map((chunk) => `${chunk.length.toString(16)};part=1\r\n${chunk}\r\n`);
  return `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${parts.join('')}0\r\nTrailer: x\r\n\r\n`;
};

function read(chunks: readonly string[], keepBodies = true) {
  const found: { status: number; closes: boolean; body: string }[] = [];
  const parser = new ResponseParser({
    keepBodies,
    onResponse: ({ status, closes, body }) => found.push({ status, closes, body: body.toString('latin1') }),
  });
  for (const chunk of chunks) parser.push(Buffer.from(chunk, 'latin1'));
  return found;
}

/** A response as a server would write it. */
const written = (body: string, { status = 200, close = false } = {}) =>
  `HTTP/1.1 ${status} Whatever\r\nDate: today\r\ncontent-LENGTH:  ${body.length}\r\n${close ? 'Connection: close\r\n' : ''}\r\n${body}`;

describe('responses on one connection', () => {
  it('are read whole, however their bytes are cut into chunks', () => {
    const bodies = fc.array(fc.string({ unit: fc.constantFrom('\r', '\n', 'a', ':', ' ', 'é') }), { minLength: 1 });
    fc.assert(
      fc.property(bodies, fc.infiniteStream(fc.integer({ min: 1, max: 60 })), (all, sizes) => {
        const text = all.map((body, i) => (i % 2 === 0 ? written(body) : writtenInChunks(body))).join('');
        const chunks: string[] = [];
        for (let at = 0; at < text.length; ) {
          const size = sizes.next().value as number;
          chunks.push(text.slice(at, at + size));
          at += size;
        }
        expect(read(chunks)).toEqual(all.map((body) => ({ status: 200, closes: false, body })));
      }),
    );
  });

  it('tell their status, and whether the connection ends', () => {
    expect(read([written('', { status: 503 }), written('x', { close: true })])).toEqual([
      { status: 503, closes: false, body: '' },
      { status: 200, closes: true, body: 'x' },
    ]);
  });

  it('may be without a body and its length where the status says so', () => {
    expect(read(['HTTP/1.1 204 No Content\r\n\r\n', written('next')]).map(({ status }) => status)).toEqual([204, 200]);
  });

  it('lose their bodies where nobody wants them', () => {
    expect(read([written('content')], false)).toEqual([{ status: 200, closes: false, body: '' }]);
  });
});

describe('the run that answered', () => {
  const run = (headers: string, readRuns: boolean) => {
    const found: unknown[] = [];
    const parser = new ResponseParser({ readRuns, onResponse: (response) => found.push(response.run) });
    parser.push(Buffer.from(`HTTP/1.1 200 OK\r\n${headers}Content-Length: 0\r\n\r\n`));
    return found[0];
  };
  const timing =
    'server-timing: parse;dur=0.041,encode;dur=0.120,queue;dur=0.310,run;dur=21.503;desc="3 rows, bound by waiting",decode;dur=0.020,total;dur=22.100\r\n';

  it('is read where the server tells of it and somebody wants to know', () => {
    expect(run(timing, true)).toEqual({ rows: 3, ms: 21.503 });
    expect(run(timing.replace(', bound by waiting', ''), true)).toEqual({ rows: 3, ms: 21.503 });
    expect(run(timing, false)).toBeNull();
    expect(run('Server-Timing: cache;dur=1\r\n', true)).toBeNull();
  });
});

describe('bytes that are no such response', () => {
  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH\r\n\r\n', 'no HTTP response: "SSH-2.0-OpenSSH"'],
    ['a body without an end of its own', 'HTTP/1.1 200 OK\r\n\r\n0', 'tells neither its length'],
    [
      'chunks that are none',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'no chunk begins with "zz"',
    ],
    ['headers without an end', `HTTP/1.1 200 OK\r\n${'x'.repeat(70_000)}`, 'without an end'],
  ])('are refused: %s', (_name, text, message) => {
    expect(() => read([text])).toThrow(message);
  });
});
