import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JitneyError } from '../errors.js';
import { parseManifest } from './parse.js';
import { manifestSchema } from './schema.js';

const FILE = '/models/fraud/model.json';

function refusal(text: string): string {
  try {
    parseManifest(text, FILE);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(JitneyError);
    expect((thrown as JitneyError).code).toBe('INVALID_CONFIG');
    return (thrown as JitneyError).message;
  }
  throw new Error('the manifest was accepted');
}

describe('a right model.json', () => {
  it('is given back as it was written, nothing filled in', () => {
    const manifest = {
      $schema: 'https://example.org/model.schema.json',
      name: 'fraud',
      description: 'Card fraud.',
      file: 'onnx/model_quantized.onnx',
      task: 'tensor',
      backend: { name: 'onnx', options: { intraOpThreads: 2, config: { 'session.x64quantprecision': '1' } } },
      batching: { enabled: true, maxRows: 32 },
      slo: { latencyMs: 12.5 },
      instances: 2,
      host: 'small-models',
      versions: { specific: [1, 3] },
      warmup: { enabled: true, rows: [1, 8] },
      labels: ['fine', 'fraud'],
      timeouts: { requestMs: 2000, loadMs: 60_000 },
      queue: { maxEntries: 100, maxBytes: 1_000_000 },
    };
    expect(parseManifest(JSON.stringify(manifest, null, 2), FILE)).toEqual(manifest);
    expect(parseManifest('{}', FILE)).toEqual({});
  });

  it('may start with a byte order mark', () => {
    expect(parseManifest('\uFEFF{"name":"fraud"}', FILE)).toEqual({ name: 'fraud' });
  });

  it('says which versions in three ways', () => {
    for (const versions of ['all', { latest: 2 }, { specific: [7] }]) {
      expect(parseManifest(JSON.stringify({ versions }), FILE)).toEqual({ versions });
    }
  });
});

describe('a model.json with mistakes', () => {
  it('names file, line and column of an unknown key, and the key that was meant', () => {
    expect(refusal('{\n  "batching": {\n    "max_row": 8\n  }\n}')).toBe(
      `${FILE}:3:5: batching.max_row: is not a setting; did you mean maxRows?`,
    );
  });

  it('says where a key belongs that is known elsewhere', () => {
    expect(refusal('{ "loadMs": 8 }')).toBe(
      `${FILE}:1:3: loadMs: is not a setting here; it belongs at timeouts.loadMs`,
    );
  });

  it('lists what is known where nothing is near', () => {
    expect(refusal('{"queue": {"colour": "red"}}')).toBe(
      `${FILE}:1:12: queue.colour: is not a setting; known here are maxEntries, maxBytes`,
    );
  });

  it.each([
    ['{"instances": "2"}', '1:15: instances: expected a whole number from 1 to 64, got the text "2"'],
    ['{"instances": 65}', '1:15: instances: expected a whole number from 1 to 64, got 65'],
    ['{"instances": 1.5}', '1:15: instances: expected a whole number from 1 to 64, got 1.5'],
    ['{"batching": true}', '1:14: batching: expected an object { … }, got true'],
    ['{"batching": {"enabled": null}}', '1:26: batching.enabled: expected true or false, got null'],
    ['{"warmup": {"rows": [1, 0]}}', '1:25: warmup.rows.1: expected a whole number from 1 to 65536, got 0'],
    ['{"versions": {"specific": []}}', 'versions.specific: expected a list of at least one version number, got []'],
    ['{"versions": {"latest": 0}}', '1:25: versions.latest: expected a whole number from 1 to 10000, got 0'],
    [
      '{"versions": "newest"}',
      'versions: expected "all", { "latest": 2 } or { "specific": [1, 3] }, got the text "newest"',
    ],
    [
      '{"name": "a b"}',
      'name: expected 1 to 128 letters, digits, ".", "_" or "-", the first a letter or a digit, got the text "a b"',
    ],
    ['{"file": "../other/model.onnx"}', 'file: expected a path inside the folder'],
    ['{"file": "/etc/model.onnx"}', 'file: expected a path inside the folder'],
    ['{"file": "a/../../model.onnx"}', 'file: expected a path inside the folder'],
    ['{"slo": {"latencyMs": -1}}', 'slo.latencyMs: expected a number of milliseconds above 0, got -1'],
    ['{"backend": {"name": "pytorch"}}', 'backend.name: expected "onnx", got the text "pytorch"'],
    ['[]', '1:1: expected an object { … }, got []'],
    ['null', '1:1: expected an object { … }, got null'],
  ])('%s: says what was expected and what was got', (text, message) => {
    expect(refusal(text)).toContain(message);
  });

  it('names every mistake in one error, up to a bound', () => {
    const message = refusal('{\n"instances": 0,\n"bathing": {},\n"host": 7\n}');
    expect(message.split('\n').sort()).toEqual([
      `${FILE}:2:14: instances: expected a whole number from 1 to 64, got 0`,
      `${FILE}:3:1: bathing: is not a setting; did you mean batching?`,
      `${FILE}:4:9: host: expected 1 to 128 letters, digits, ".", "_" or "-", the first a letter or a digit, got 7`,
    ]);
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`zzz${index}`, 1]));
    expect(refusal(JSON.stringify(many))).toMatch(/\nand 42 more$/);
  });

  it('is told when a key is there twice, since JSON would keep the last without a word', () => {
    expect(refusal('{\n"host": "a",\n"host": "b"\n}')).toBe(`${FILE}:3:1: host: is there twice`);
  });

  it('shortens a long wrong value', () => {
    expect(refusal(JSON.stringify({ instances: 'x'.repeat(1000) })).length).toBeLessThan(200);
  });
});

describe('a file that is not JSON', () => {
  it.each([
    ['{\n  "name": "a",\n}', `${FILE}:3:1: expected JSON`],
    ['{ "name": ', `${FILE}:1:11: expected JSON`],
    ['', `${FILE}:1:1: expected JSON`],
    ['name: fraud', `${FILE}:1:`],
  ])('%j: says where it stops being JSON', (text, message) => {
    expect(refusal(text)).toContain(message);
  });

  it('is refused with one line when it nests without end', () => {
    const deep = `{"backend":{"options":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}}`;
    expect(refusal(deep)).toMatch(/^\/models\/fraud\/model\.json:1:\d+: nested deeper than 32 levels$/);
  });

  it('never ends in anything but a manifest or INVALID_CONFIG', () => {
    const keys = fc.constantFrom(...Object.keys(manifestSchema.shape), 'latest', 'specific', 'rows', 'options');
    const values = fc.letrec((tie) => ({
      value: fc.oneof(fc.jsonValue(), fc.dictionary(keys, tie('value')), fc.array(tie('value'), { maxLength: 3 })),
    })).value;
    const texts = fc.oneof(
      fc.json(),
      fc.string(),
      fc.dictionary(keys, values).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseManifest(text, FILE);
        } catch (thrown) {
          expect((thrown as JitneyError).code).toBe('INVALID_CONFIG');
          expect((thrown as JitneyError).message.startsWith(`${FILE}:`)).toBe(true);
          // zod's own words would not continue "expected …".
          expect((thrown as JitneyError).message).not.toMatch(/expected (Invalid|Too|Unrecognized|Expected)/);
        }
      }),
    );
  });
});
