import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityModel } from '../../packages/onnxruntime/src/testing/models.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { inOneHost, type ModelTree, plantTree } from '../support/model-tree.js';
import { openRaw, type RawAnswer } from '../support/raw-connection.js';

/* Requests that are read without Node's HTTP server, and what makes a connection leave for it. */

let tree: ModelTree;
let jitney: RunningJitney;
beforeAll(async () => {
  tree = await plantTree(inOneHost({ fp32: identityModel('FP32') }));
  jitney = await startJitney([tree.root], { args: ['--log-level', 'silent'] });
});
afterAll(async () => {
  await jitney.stop();
  await tree.remove();
});

const infer = (value: number, headers = '') => {
  const body = `{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[${value},0,0]}]}`;
  return `POST /v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
};
/** Something that Node's server has to read, and that changes nothing else. */
const FOR_NODE = 'TE: trailers\r\n';
const firstValue = ({ body }: RawAnswer): number => JSON.parse(body.toString()).outputs[0].data[0];

/** All answers to bytes that come in these pieces. */
async function ask(pieces: readonly string[], answers: number): Promise<RawAnswer[]> {
  const connection = await openRaw(jitney.port);
  for (const piece of pieces) {
    connection.write(piece);
    // A turn of the loop each, so that the pieces do not leave as one.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const got: RawAnswer[] = [];
  while (got.length < answers) got.push(await connection.answer());
  connection.close();
  return got;
}

describe('requests on one connection', () => {
  it('are answered in their order, however many come at once and wherever their bytes are cut', async () => {
    const bytes = [1, 2, 3, 4, 5].map((value) => infer(value, value === 3 ? FOR_NODE : '')).join('');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 4 }), async (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((to, i) => bytes.slice(places[i], to));
        expect((await ask(pieces, 5)).map(firstValue)).toEqual([1, 2, 3, 4, 5]);
      }),
      { numRuns: 60 },
    );
  });

  it('may be of any kind', async () => {
    const ready = 'GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n';
    const answers = await ask([infer(1), ready, infer(2), 'GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n', infer(3)], 5);
    expect(answers.map(({ status }) => status.slice(9, 12))).toEqual(['200', '200', '200', '404', '200']);
  });

  it('go on after one that was refused, its body dropped', async () => {
    const refused = infer(1).replace('/fp32/', '/none/');
    const bad = infer(2).replace('"FP32"', '"FP99"');
    const answers = await ask([refused + bad + infer(3)], 3);
    expect(answers.map(({ status }) => status.slice(9, 12))).toEqual(['404', '400', '200']);
  });
});

describe('an answer', () => {
  it.each([
    ['of a model', infer(1), infer(1, FOR_NODE)],
    ['with an error', infer(1).replace('FP32', 'FP99'), infer(1, FOR_NODE).replace('FP32', 'FP99')],
    [
      'to a client that likes gzip',
      infer(1, 'Accept-Encoding: gzip\r\n'),
      infer(1, `Accept-Encoding: gzip\r\n${FOR_NODE}`),
    ],
  ])('%s has the same headers and body as from Node’s server', async (_which, plain, forNode) => {
    const [[own], [nodes]] = await Promise.all([ask([plain], 1), ask([forNode], 1)]);
    const comparable = ({ status, headers, body }: RawAnswer) => ({
      status,
      body: body.toString(),
      headers: headers
        .map(([name, value]) => [name.toLowerCase(), /date|timing|request-id/i.test(name) ? 'any' : value])
        .sort(),
    });
    expect(comparable(own as RawAnswer)).toEqual(comparable(nodes as RawAnswer));
  });

  it('says where the time went', async () => {
    const [answer] = await ask([infer(1)], 1);
    expect(answer?.header('server-timing')).toMatch(
      /^parse;dur=[\d.]+,encode;dur=[\d.]+,queue;dur=[\d.]+,run;dur=[\d.]+;desc="1 rows, bound by \w+",decode;dur=[\d.]+,total;dur=[\d.]+$/,
    );
  });
});

describe('what two readers could take for different things', () => {
  const [head, body] = infer(1).split('\r\n\r\n') as [string, string];
  it.each([
    ['two lengths', `${head}\r\nContent-Length: 5\r\n\r\n${body}`],
    ['a length and chunks', `${head}\r\nTransfer-Encoding: chunked\r\n\r\n${body}`],
    ['a length that is none', `${head.replace(/Length: \d+/, 'Length: 0x20')}\r\n\r\n${body}`],
    ['a space before a colon', `${head}\r\nX-A : 1\r\n\r\n${body}`],
    ['a folded line', `${head}\r\nX-A: 1\r\n b\r\n\r\n${body}`],
    ['a zero byte', `${head}\r\nX-A: \0\r\n\r\n${body}`],
    ['no name', `${head}\r\n: 1\r\n\r\n${body}`],
  ])('%s: Node’s own server refuses it', async (_what, bytes) => {
    const connection = await openRaw(jitney.port);
    connection.write(bytes);
    expect((await connection.answer()).status).toMatch(/ 400 /);
    expect((await connection.ended).length).toBe(0);
  });
});

describe('bytes behind a request that is not answered yet', () => {
  /** A body above what is kept, whose end reads like a request. */
  const large = (rows: number) => {
    const json = `{"inputs":[{"name":"x","shape":[${rows},3],"datatype":"FP32","parameters":{"binary_data_size":${rows * 12}}}]}`;
    const blob = Buffer.alloc(rows * 12);
    const trap = 'POST /predict/EVIL HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n';
    blob.write(trap.padStart(Math.ceil(trap.length / 4) * 4), rows * 12 - Math.ceil(trap.length / 4) * 4, 'latin1');
    const head = `POST /v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\nInference-Header-Content-Length: ${json.length}\r\nContent-Length: ${json.length + blob.length}\r\n\r\n${json}`;
    return Buffer.concat([Buffer.from(head, 'latin1'), blob]);
  };

  it.each([[6_000], [50_000]])('are read in their order, however many there are (%i rows)', async (rows) => {
    const connection = await openRaw(jitney.port);
    connection.write(
      Buffer.concat([Buffer.from(infer(1)), large(rows), Buffer.from(infer(2)), large(rows), Buffer.from(infer(3))]),
    );
    const answers: RawAnswer[] = [];
    while (answers.length < 5) answers.push(await connection.answer());
    connection.close();
    expect(answers.map(({ status }) => status.slice(9, 12))).toEqual(['200', '200', '200', '200', '200']);
    expect([answers[0], answers[2], answers[4]].map((answer) => firstValue(answer as RawAnswer))).toEqual([1, 2, 3]);
  });
});
