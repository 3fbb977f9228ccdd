import { describe, expect, it } from 'vitest';
import { readContent } from './content.js';

const bytes = (text: string) => Buffer.from(text);
const read = (type: string, text: string) => readContent(type, bytes(text));

describe('a JSON body', () => {
  it('holds inputs, and parameters where the client has some', () => {
    expect(read('application/json', '{"inputs":[1,2],"parameters":{"top":3}}')).toEqual({
      inputs: [1, 2],
      parameters: { top: 3 },
    });
    expect(read('application/json', '{"inputs":null}')).toEqual({ inputs: null, parameters: {} });
  });

  it.each([
    '',
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/vnd.api+json',
    'application/x-www-form-urlencoded',
  ])("is what the type '%s' says", (type) => {
    expect(read(type, '{"inputs":1}').inputs).toBe(1);
  });

  it('may begin with a byte order mark', () => {
    expect(read('application/json', '\uFEFF{"inputs":1}').inputs).toBe(1);
  });

  it.each([
    ['', /the body is empty: send JSON, \{ "inputs"/],
    ['{"inputs":', /the body is not JSON: .*/],
    ['[1]', /the body must be an object/],
    ['null', /the body must be an object/],
    ['{"input":1}', /the body has no 'inputs'/],
    ['{"inputs":1,"parameters":[]}', /'parameters' must be an object/],
    ['{"inputs":1,"parameters":null}', /'parameters' must be an object/],
  ])('%s is refused', (text, message) => {
    expect(() => read('application/json', text)).toThrow(message);
    expect(() => read('application/json', text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('in another encoding than UTF-8 is refused', () => {
    expect(() => readContent('application/json', Uint8Array.of(0xff, 0xfe))).toThrow(/not valid UTF-8/);
  });

  it('cannot reach a prototype', () => {
    const { inputs, parameters } = read('', '{"inputs":{"__proto__":{"x":1}},"parameters":{"__proto__":{"y":1}}}');
    expect([(inputs as { x?: number }).x, parameters.y]).toEqual([undefined, undefined]);
  });
});

describe('any other body', () => {
  it('is text where its type says so', () => {
    expect(read('text/plain; charset=utf-8', 'é')).toEqual({ inputs: 'é', parameters: {} });
  });

  it('is bytes as they came otherwise', () => {
    const png = Uint8Array.of(0x89, 0x50);
    expect(readContent('image/png', png)).toEqual({ inputs: png, parameters: {} });
  });

  it('that is text but no UTF-8 is refused', () => {
    expect(() => readContent('text/plain', Uint8Array.of(0xe9))).toThrow(/not valid UTF-8/);
  });

  it('that is empty is refused, with its type', () => {
    expect(() => readContent('image/png', new Uint8Array())).toThrow(/the body is empty; its type is image\/png/);
  });
});
