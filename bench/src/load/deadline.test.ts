import { describe, expect, it } from 'vitest';
import { withDeadline } from './deadline.js';
import { httpRequest, postJson } from './index.js';

const parts = (request: Buffer) => {
  const at = request.indexOf('\r\n\r\n') + 4;
  return { head: request.toString('latin1', 0, at), body: request.subarray(at) };
};

describe('a request with a deadline', () => {
  it('carries it in microseconds, beside its other parameters', () => {
    const { head, body } = parts(
      withDeadline(postJson('/v2/models/é/infer', '{"inputs":["é"],"parameters":{"a":1}}'), 12.5),
    );
    expect(JSON.parse(body.toString())).toEqual({ inputs: ['é'], parameters: { a: 1, timeout: 12_500 } });
    expect(head).toContain(`\r\nContent-Length: ${body.length}\r\n`);
  });

  it('keeps the bytes behind its JSON', () => {
    const json = Buffer.from('{"inputs":[]}');
    const request = httpRequest({
      path: '/',
      headers: { 'Inference-Header-Content-Length': String(json.length) },
      body: Buffer.concat([json, Buffer.of(0, 255, 13, 10)]),
    });
    const { head, body } = parts(withDeadline(request, 1));
    const length = Number(/Inference-Header-Content-Length: (\d+)/.exec(head)![1]);
    expect(JSON.parse(body.toString('utf8', 0, length))).toEqual({ inputs: [], parameters: { timeout: 1_000 } });
    expect([...body.subarray(length)]).toEqual([0, 255, 13, 10]);
  });
});
