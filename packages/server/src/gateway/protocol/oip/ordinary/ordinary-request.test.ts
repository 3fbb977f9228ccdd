import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InferRequest } from '../../../call.js';
import { createInferParser } from '../infer-parser.js';
import { FloatSlab } from './float-slab.js';
import { readOrdinaryRequest } from './ordinary-request.js';

const read = (text: string) => readOrdinaryRequest(Buffer.from(text), new FloatSlab());

/** What the parser that knows all of the protocol says. @throws what it refuses */
function inFull(text: string): InferRequest {
  const parser = createInferParser({
    model: 'm',
    signature: { inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', -1], optional: false }], outputs: [] },
    batching: { mode: 'whole', maxRows: null, reason: '' },
    headerLength: null,
  });
  parser.write(Buffer.from(text));
  return parser.end();
}

const number = fc.oneof(
  fc.double({ noNaN: true }).map((value) => JSON.stringify(value)),
  fc.float({ noNaN: true }).map((value) => JSON.stringify(value)),
  fc.integer().map(String),
  fc.constantFrom(
    '0',
    '-0',
    '1e3',
    '1E-2',
    '1e39',
    '3.4028236e38',
    '01',
    '1.',
    '.5',
    '+1',
    'NaN',
    'null',
    '"1"',
    '[1]',
  ),
);
const dim = fc.constantFrom('0', '1', '2', '3', '1.0', '1e0', '-1', '"1"');
const space = fc.constantFrom('', '', ' ', '\n  ');
const text = fc.constantFrom('"x"', '"y"', '"FP32"', '"INT32"', '"\\u0078"', '"é"', 'null', '1', '"a\\"b"');
const wildInput = fc
  .record({
    members: fc.shuffledSubarray(['name', 'shape', 'datatype', 'data', 'data', 'parameters', 'other'], {
      minLength: 3,
    }),
    name: text,
    datatype: fc.oneof({ weight: 5, arbitrary: fc.constant('"FP32"') }, { weight: 1, arbitrary: text }),
    dims: fc.array(dim, { maxLength: 3 }),
    data: fc.array(number, { maxLength: 4 }),
    gap: space,
  })
  .map(({ members, name, datatype, dims, data, gap }) => {
    const values: Record<string, string> = {
      name,
      datatype,
      shape: `[${dims.join(`,${gap}`)}]`,
      data: `[${data.join(`${gap},`)}]`,
      parameters: '{"a":1}',
      other: '"data"',
    };
    return `{${members.map((member) => `"${member}":${gap}${values[member]}`).join(',')}}`;
  });
const plainInput = fc
  .record({ name: text, gap: space, data: fc.array(number, { maxLength: 4 }) })
  .map(
    ({ name, gap, data }) =>
      `{"name":${gap}${name},"shape":${gap}[1,${gap}${data.length}],${gap}"datatype":"FP32","data":[${data.join(`,${gap}`)}]}`,
  );
const input = fc.oneof({ weight: 4, arbitrary: plainInput }, { weight: 1, arbitrary: wildInput });
const document = fc
  .record({
    inputs: fc.array(input, { minLength: 1, maxLength: 2 }),
    rest: fc.shuffledSubarray(
      [
        '"id":"7"',
        '"id":"8"',
        '"id":7',
        '"outputs":[{"name":"y"}]',
        '"outputs":[]',
        '"outputs":[{"name":"y","parameters":{"binary_data":true}}]',
        '"parameters":{"timeout":5}',
        '"inputs":[]',
        '"__proto__":{"name":"x"}',
      ],
      { maxLength: 2 },
    ),
    tail: fc.constantFrom('', '', ' ', ',', '}', 'x'),
  })
  .map(({ inputs, rest, tail }) => `{${[`"inputs":[${inputs.join()}]`, ...rest].join()}}${tail}`);

describe('an ordinary request', () => {
  it('is what the parser that knows all of the protocol reads', () => {
    const body = '{"id":"1","inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[0.1,-2,3e-3]}]}';
    expect(read(body)).toEqual(inFull(body));
    const spaced =
      '{"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}], "outputs": [{"name": "y"}]}';
    expect(read(spaced)).toEqual(inFull(spaced));
  });

  it('is never read where that parser refuses it, or reads something else', () => {
    let count = 0;
    fc.assert(
      fc.property(document, (body) => {
        const request = read(body);
        if (request === null) return;
        count += 1;
        expect(request).toEqual(inFull(body));
      }),
      { numRuns: 5_000 },
    );
    expect(count).toBeGreaterThan(30);
  });

  it.each([
    ['a member that is there twice', '{"inputs":[{"name":"x","name":"x","shape":[1],"datatype":"FP32","data":[1]}]}'],
    ['a number beyond a float', '{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1e39]}]}'],
    ['another dtype', '{"inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[9007199254740993]}]}'],
    ['a nested list', '{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[[1]]}]}'],
    [
      'a shape of another way to write numbers beside one like it',
      '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]},{"name":"y","shape":[1.0,2],"datatype":"FP32","data":[1,2]}]}',
    ],
    ['parameters', '{"parameters":{"timeout":1},"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}'],
    ['an escape', '{"inputs":[{"name":"\\u0078","shape":[1],"datatype":"FP32","data":[1]}]}'],
  ])('is not one with %s', (_what, body) => {
    expect(read(body)).toBeNull();
  });
});
