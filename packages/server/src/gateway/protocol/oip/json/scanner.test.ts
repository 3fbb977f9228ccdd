import { JitneyError } from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Receiver } from './receiver.js';
import { JsonScanner } from './scanner.js';
import type { StringToken } from './string-token.js';

/** Builds the value that JSON.parse would, from the events. */
class Collector extends Receiver {
  protected readonly expected = 'anything';
  readonly #set: (value: unknown) => void;
  #container: unknown[] | Record<string, unknown> = [];

  constructor(set: (value: unknown) => void) {
    super();
    this.#set = set;
  }

  protected name(): string {
    return 'a value';
  }

  override string(token: StringToken): void {
    this.#set(token.text(() => 'a string'));
  }

  override number(text: string): void {
    this.#set(Number(text));
  }

  override boolean(value: boolean): void {
    this.#set(value);
  }

  override null(): void {
    this.#set(null);
  }

  override beginArray(): void {
    this.#container = [];
  }

  override element(): Receiver {
    const array = this.#container as unknown[];
    return new Collector((value) => array.push(value));
  }

  override endArray(): void {
    this.#set(this.#container);
  }

  override beginObject(): void {
    this.#container = {};
  }

  override member(name: string): Receiver {
    const object = this.#container;
    return new Collector((value) => {
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
    });
  }

  override endObject(): void {
    this.#set(this.#container);
  }
}

/** Parses `text` cut after each of the given numbers of bytes, over and over. */
function parse(text: string | Uint8Array, cuts: readonly number[] = [2 ** 30]): unknown {
  let result: unknown;
  const scanner = new JsonScanner(
    new Collector((value) => {
      result = value;
    }),
  );
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const next = at + (cuts[i % cuts.length] as number);
    scanner.write(bytes.slice(at, next));
    at = next;
  }
  scanner.end();
  return result;
}

function refusal(text: string | Uint8Array, cuts?: readonly number[]): string {
  try {
    parse(text, cuts);
  } catch (error) {
    expect(error).toBeInstanceOf(JitneyError);
    expect((error as JitneyError).code).toBe('INVALID_ARGUMENT');
    return (error as JitneyError).message;
  }
  return expect.unreachable('nothing was refused');
}

const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 });

describe('a JSON document, cut anywhere', () => {
  it('is the value that JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 6 }), cuts, fc.nat(3), (value, sizes, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parse(text, sizes)).toEqual(JSON.parse(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('is accepted or refused as JSON.parse does, whatever it is', () => {
    const pieces = ['{', '}', '[', ']', ',', ':', '"', '"a"', '"\\u0041"', '"\\n"', '\\', 'true', 'null', 'fals', ' ']
      .concat(['0', '1', '-', '.', 'e', 'E', '+', '12', '1.5', '-0', '\n', '\t', '\f', '\u0001', 'é', 'NaN', '/'])
      .concat(['"a":', '[1,', '{"b":2', '\u00a0', '\ufeff']);
    const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(texts, cuts, (text, sizes) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          refusal(text, sizes);
          return;
        }
        expect(parse(text, sizes)).toEqual(expected);
      }),
      { numRuns: 20_000 },
    );
  });

  it('is refused when a byte of it is lost or doubled, unless JSON.parse accepts that too', () => {
    const document = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(document, fc.nat(), fc.boolean(), cuts, (text, position, double, sizes) => {
        const at = position % text.length;
        const changed = text.slice(0, double ? at + 1 : at) + text.slice(double ? at : at + 1);
        let expected: unknown;
        try {
          expected = JSON.parse(changed);
        } catch {
          refusal(changed, sizes);
          return;
        }
        expect(parse(changed, sizes)).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('may hold names that mean something to JavaScript', () => {
    const text = '{"__proto__":{"polluted":1},"constructor":2,"toString":3}';
    expect(JSON.stringify(parse(text, [1]))).toBe(text);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('strings', () => {
  it('keep every code point, escaped or not', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), cuts, fc.boolean(), (text, sizes, isEscaped) => {
        const plain = JSON.stringify(text);
        const escaped = `"${text.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
        expect(parse(isEscaped ? escaped : plain, sizes)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('may use each of the short escapes', () => {
    expect(parse('"\\"\\\\\\/\\b\\f\\n\\r\\t"', [1])).toBe('"\\/\b\f\n\r\t');
  });

  it('may be longer than any chunk, escapes cut anywhere', () => {
    const text = '\\u00e9\\ud83d\\ude00\\n\\\\é😀 plain '.repeat(2000);
    for (const size of [7, 64, 1000, 65536]) expect(parse(`"${text}"`, [size])).toBe(JSON.parse(`"${text}"`));
  });

  it.each(['"\\ud83d"', '"\\ude00"', '"\\ud83d\\ud83d"', '"\\ud83dx"', '"a\\udfff"'])(
    'with half a surrogate pair are refused: %s',
    (text) => {
      expect(refusal(text, [3])).toContain('holds half a surrogate pair');
    },
  );

  it.each([
    [0x22, 0xff, 0x22],
    [0x22, 0xc3, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
    [0x22, 0xc0, 0x80, 0x22],
  ])('that are not UTF-8 are refused', (...bytes) => {
    expect(refusal(Uint8Array.from(bytes), [1])).toContain('is not valid UTF-8');
  });
});

describe('what is not JSON', () => {
  it.each([
    ['', 'the document ends too early at 0'],
    ['{"a":1', 'the document ends too early at 6'],
    ['{"a" 1}', "expected ':', found '1' at 5"],
    ['{"a":1,}', "expected the name of a member, found '}' at 7"],
    ['[1 2]', "expected ',' or ']', found '2' at 3"],
    ['{"a":1]', "expected ',' or '}', found ']' at 6"],
    ['[1,]', "expected a value, found ']' at 3"],
    ['[01]', "'01', which is no JSON value at 1"],
    ['[truth]', "'truth', which is no JSON value at 1"],
    ['[NaN]', "'NaN', which is no JSON value at 1"],
    ['{} x', "expected the end of the document, found 'x' at 3"],
    ['"a\nb"', 'a control character (byte 0x0a) in a string at 2'],
  ])('%j is refused with the position', (text, message) => {
    for (const sizes of [[1], [2], [3], [100]]) {
      expect(refusal(text, sizes)).toBe(`failed to parse the request JSON buffer: ${message}`);
    }
  });

  it('nests no deeper than allowed', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(parse(nested(103))).toHaveLength(1);
    expect(refusal(nested(104))).toContain('maximum allowed limit of 100');
    expect(refusal('{"a":'.repeat(1_000_000))).toContain('maximum allowed limit of 100');
  });

  it('holds no number of more than 4096 bytes', () => {
    expect(parse(`1${'0'.repeat(4095)}`, [1000])).toBe(Number.POSITIVE_INFINITY);
    expect(refusal(`1${'0'.repeat(4096)}`, [1000])).toContain('a number of more than 4096 bytes at 0');
  });
});
