import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readContent } from './content.js';
import { readForm } from './form.js';

/** As RFC 7578 §4 draws it; written by hand. */
const FORM = [
  'for readers of mail',
  '--8d2e',
  'Content-Disposition: form-data; name="parameters"',
  '',
  '{"top":3}',
  '--8d2e',
  'content-disposition: form-data; name="images[]"; filename="a \\"b\\".png"',
  'Content-Type: IMAGE/PNG; q=1',
  '',
  'PNG\r\n--8d2',
  '--8d2e  ',
  'Content-Disposition: form-data; name=inputs',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'é',
  '--8d2e--',
  'and what follows',
].join('\r\n');
const TYPE = 'multipart/form-data; boundary=8d2e';

const read = (type: string, text: string) => readForm(type, Buffer.from(text));
const shown = (type: string, text: string) =>
  read(type, text).map(({ name, isFile, contentType, bytes }) => [name, isFile, contentType, bytes.toString()]);

/** What the `fetch` of Node sends. */
async function sentBy(entries: readonly (readonly [string, string | Blob, string?])[]) {
  const form = new FormData();
  for (const [name, value, file] of entries) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, file);
  }
  const response = new Response(form);
  return [response.headers.get('content-type') as string, new Uint8Array(await response.arrayBuffer())] as const;
}

describe('a form', () => {
  it('has its parts with their names, kinds, types and bytes', () => {
    expect(shown(TYPE, FORM)).toEqual([
      ['parameters', false, '', '{"top":3}'],
      ['images[]', true, 'image/png', 'PNG\r\n--8d2'],
      ['inputs', false, 'text/plain', 'é'],
    ]);
  });

  it('may have its boundary in quotes, with spaces in it', () => {
    const text = '--a b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--a b--';
    expect(shown('multipart/form-data; charset=utf-8; Boundary="a b"', text)).toEqual([['x', false, '', '1']]);
  });

  it('may have parts of no bytes', () => {
    const head = '--b\r\nContent-Disposition: form-data; name="x"; filename=""\r\n';
    expect(shown('multipart/form-data; boundary=b', `${head}\r\n\r\n--b--`)).toEqual([['x', true, '', '']]);
    expect(shown('multipart/form-data; boundary=b', `${head}\r\n--b--`)).toEqual([['x', true, '', '']]);
  });

  it('is read as fetch writes it, whatever its bytes', async () => {
    const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[\r\n"\\\0]/.test(text));
    const part = fc.record({ name, bytes: fc.uint8Array({ maxLength: 200 }), type: fc.constantFrom('image/png', '') });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 5 }), async (parts) => {
        const [type, body] = await sentBy(
          parts.map((one) => [one.name, new Blob([one.bytes], { type: one.type }), 'f']),
        );
        const found = readForm(type, body);
        expect(found.map((one) => [one.name, one.isFile])).toEqual(parts.map((one) => [one.name, true]));
        expect(found.map((one) => [...one.bytes])).toEqual(parts.map((one) => [...one.bytes]));
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['multipart/form-data', FORM, /lacks its boundary/],
    ['multipart/form-data; boundary=other', FORM, /the form has no part: the boundary .* does not occur/],
    [TYPE, FORM.replace('--8d2e--', '--8d2'), /the form ends in the middle of its part 2/],
    [TYPE, '--8d2e\r\nContent-Disposition: form-data; name="x"\r\n--8d2e--', /part 0 of the form has no empty line/],
    [TYPE, '--8d2e\r\n\r\nbytes\r\n--8d2e--', /part 0 of the form has no name/],
    [
      TYPE,
      `--8d2e\r\nX: ${'x'.repeat(9_000)}\r\n\r\nbytes\r\n--8d2e--`,
      /part 0 of the form has a head above 8192 bytes/,
    ],
    [TYPE, '--8d2e', /the form ends in the middle of its part 0/],
    [TYPE, '', /the form has no part/],
  ])('of type %s is refused where it is broken: %#', (type, text, why) => {
    expect(() => read(type, text)).toThrow(why);
    expect(() => read(type, text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('never fails but by an error that says what is wrong', () => {
    const crumbs = fc.constantFrom('--8d2e', '\r\n', '--', 'Content-Disposition: form-data; name="x"', ': ', 'x', '"');
    fc.assert(
      fc.property(fc.array(crumbs, { maxLength: 30 }), (pieces) => {
        try {
          read(TYPE, pieces.join(''));
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'INVALID_ARGUMENT' });
        }
      }),
    );
  });

  it('of more parts than anybody sends is refused', () => {
    const part = '--8d2e\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n';
    expect(() => read(TYPE, `${part.repeat(16_385)}--8d2e--`)).toThrow(/more than 16384 parts/);
  });
});

describe('a /predict body that is a form', () => {
  const content = async (...entries: Parameters<typeof sentBy>[0]) => readContent(...(await sentBy(entries)));
  const png = new Blob([Uint8Array.of(1, 2)], { type: 'image/png' });

  it.each(['image', 'file', 'images[]', 'inputs', 'parameters'])('holds a file under any name: %s', async (name) => {
    expect(await content([name, png, 'a.png'])).toEqual({ inputs: Buffer.of(1, 2), parameters: {} });
  });

  it('holds several files in their order', async () => {
    const [a, b, c] = [1, 2, 3].map((value) => new Blob([Uint8Array.of(value)], { type: 'image/png' })) as [
      Blob,
      Blob,
      Blob,
    ];
    expect((await content(['images[]', a, 'a'], ['images[]', b, 'b'], ['other', c, 'c'])).inputs).toEqual([
      Buffer.of(1),
      Buffer.of(2),
      Buffer.of(3),
    ]);
  });

  it('may have parameters beside them', async () => {
    expect(await content(['parameters', '{"top":3}'], ['image', png, 'a.png'])).toEqual({
      inputs: Buffer.of(1, 2),
      parameters: { top: 3 },
    });
  });

  it.each([
    ['{"value":5}', { value: 5 }],
    ['[1,2]', [1, 2]],
    ['good day', 'good day'],
    ['', ''],
  ])('takes a field %j for JSON where it is JSON, else for text', async (text, inputs) => {
    expect((await content(['inputs', text])).inputs).toEqual(inputs);
  });

  it('takes a file for what its type says', async () => {
    const json = new Blob(['{"value":5}'], { type: 'application/json' });
    const text = new Blob(['5'], { type: 'text/plain' });
    expect((await content(['a', json, 'a.json'], ['b', text, 'b.txt'])).inputs).toEqual([{ value: 5 }, '5']);
  });

  it.each<[string, Parameters<typeof sentBy>[0], RegExp]>([
    ['an empty file', [['image', new Blob([]), '']], /the part 'image' is empty/],
    [
      'an empty file among others',
      [
        ['a', png, 'a'],
        ['b', new Blob([], { type: 'image/png' }), 'b'],
      ],
      /the part 'b' is empty/,
    ],
    ['parameters alone', [['parameters', '{}']], /the form has no input: send a file, or a field 'inputs'/],
    [
      'parameters that are no object',
      [
        ['parameters', '[1]'],
        ['a', '1'],
      ],
      /'parameters' must be an object/,
    ],
    [
      'parameters that are no JSON',
      [
        ['parameters', '{'],
        ['a', '1'],
      ],
      /the field 'parameters' is not JSON/,
    ],
    [
      'parameters twice',
      [
        ['parameters', '{}'],
        ['parameters', '{}'],
        ['a', '1'],
      ],
      /has 'parameters' twice/,
    ],
    [
      'a JSON file that is none',
      [['a', new Blob(['{'], { type: 'application/json' }), 'a']],
      /the part 'a' is not JSON/,
    ],
    [
      'a text file that is no UTF-8',
      [['a', new Blob([Uint8Array.of(0xff)], { type: 'text/plain' }), 'a']],
      /the part 'a' is not valid UTF-8/,
    ],
  ])('is refused with %s', async (_what, entries, why) => {
    await expect(content(...entries)).rejects.toThrow(why);
    await expect(content(...entries)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
