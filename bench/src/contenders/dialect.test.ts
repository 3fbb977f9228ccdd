import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { SceneModel, SceneModelName } from '../models/scene-model.js';
import { batchOfOne, openInference, plain } from './dialect.js';

const PATHS = { mlp: '/a', identity: '/b', resnet18: '/c', encoder: '/d' };

/** Of two numbers, whatever its name: what is written does not depend on more. */
function modelOf(name: SceneModelName): SceneModel {
  const shape = [2];
  return {
    name,
    folder: tmpdir(),
    file: '',
    weights: '',
    request: Buffer.alloc(0),
    inputs: [{ name: 'x', dtype: 'FP32', shape }],
    output: { name: 'y', dtype: 'FP32', shape },
    questions: [],
  };
}

const FLOATS = [{ name: 'x', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(0.1, -2) }] as const;
const IDS = [{ name: 'input_ids', dtype: 'INT64', shape: [1, 2], data: BigInt64Array.of(7n, 9n) }] as const;
const BYTES = Buffer.from(Float32Array.of(0.1, -2).buffer);

function split(request: Uint8Array): { readonly head: string; readonly body: Buffer } {
  const bytes = Buffer.from(request);
  const end = bytes.indexOf('\r\n\r\n');
  return { head: bytes.toString('latin1', 0, end), body: bytes.subarray(end + 4) };
}

const json = (request: Uint8Array) => JSON.parse(split(request).body.toString()) as unknown;

describe('a server of the Open Inference Protocol', () => {
  it('takes numbers with the digits that people write', () => {
    const request = openInference.write(modelOf('mlp'), FLOATS);
    expect(split(request).head).toMatch(/^POST \/v2\/models\/mlp\/infer HTTP\/1\.1\r\n/);
    expect(json(request)).toEqual({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [0.1, -2] }] });
    expect(json(openInference.write(modelOf('encoder'), IDS))).toMatchObject({ inputs: [{ data: [7, 9] }] });
  });

  it('takes a picture as bytes behind a JSON whose length is in a header', () => {
    const { head, body } = split(openInference.write(modelOf('identity'), FLOATS));
    const length = Number(/Inference-Header-Content-Length: (\d+)/.exec(head)?.[1]);
    expect(JSON.parse(body.toString('utf8', 0, length))).toMatchObject({
      inputs: [{ parameters: { binary_data_size: 8 } }],
      parameters: { binary_data_output: true },
    });
    expect(body.subarray(length)).toEqual(BYTES);
  });

  it('answers in either form', () => {
    const answer = Buffer.from('{"outputs":[{"name":"y","data":[1,2]}]}');
    expect(openInference.read(modelOf('mlp'), answer)).toEqual([1, 2]);
    const binary = Buffer.concat([Buffer.from('{"outputs":[{}]}'), BYTES]);
    expect([...Array.from(openInference.read(modelOf('identity'), binary))]).toEqual([...Float32Array.of(0.1, -2)]);
  });
});

describe('a server of the tutorials', () => {
  const dialect = plain(PATHS);

  it('takes plain JSON, and a picture as the bare body', () => {
    expect(json(dialect.write(modelOf('mlp'), FLOATS))).toEqual({ data: [0.1, -2] });
    expect(json(dialect.write(modelOf('encoder'), IDS))).toEqual({ ids: [7, 9] });
    const { head, body } = split(dialect.write(modelOf('resnet18'), FLOATS));
    expect(head).toMatch(/^POST \/c HTTP/);
    expect(body).toEqual(BYTES);
  });

  it('answers in either form', () => {
    expect(dialect.read(modelOf('mlp'), Buffer.from('{"output":[1,2]}'))).toEqual([1, 2]);
    expect(Array.from(dialect.read(modelOf('identity'), BYTES))).toEqual([...Float32Array.of(0.1, -2)]);
  });
});

describe('a server that takes batches', () => {
  const dialect = batchOfOne(PATHS);

  it('takes a batch of one and answers one', () => {
    expect(json(dialect.write(modelOf('mlp'), FLOATS))).toEqual({ data: [[0.1, -2]] });
    expect(json(dialect.write(modelOf('encoder'), IDS))).toEqual({ sentences: [[7, 9]] });
    expect(dialect.read(modelOf('mlp'), Buffer.from('[[1,2]]'))).toEqual([1, 2]);
  });
});
