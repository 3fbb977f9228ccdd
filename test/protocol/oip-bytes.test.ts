import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';
import { openRaw } from '../support/raw-connection.js';
import { protocolModels } from './models.js';

/*
 * Requests and answers of the binary tensor data extension, written by hand from its specification: JSON, then the raw
 * tensors, little-endian and row-major, without padding. Nothing here was made by the code under test.
 */

let tree: ModelTree;
let jitney: RunningJitney;
beforeAll(async () => {
  tree = await plantTree(protocolModels());
  jitney = await startJitney([tree.root]);
});
afterAll(async () => {
  await jitney.stop();
  await tree.remove();
});

interface Fixture {
  readonly model: string;
  readonly request: string;
  /** Of the raw tensors behind the request's JSON, as hex. */
  readonly sent: string;
  readonly answer: string;
  /** Of the raw tensors behind the answer's JSON, as hex; `''`: all is JSON. */
  readonly received: string;
}

/** `x` of `[1,3]` as raw bytes, `y` as raw bytes. */
const identity = (model: string, datatype: string, size: number, hex: string): Fixture => ({
  model,
  request:
    `{"inputs":[{"name":"x","shape":[1,3],"datatype":"${datatype}","parameters":{"binary_data_size":${size}}}],` +
    `"outputs":[{"name":"y","parameters":{"binary_data":true}}]}`,
  sent: hex,
  answer:
    `{"model_name":"${model}","model_version":"1",` +
    `"outputs":[{"name":"y","datatype":"${datatype}","shape":[1,3],"parameters":{"binary_data_size":${size}}}]}`,
  received: hex,
});

const FIXTURES: Readonly<Record<string, Fixture>> = {
  'BOOL: a byte each': identity('bool', 'BOOL', 3, '01 00 01'),
  'UINT8: 0, 1, 255': identity('uint8', 'UINT8', 3, '00 01 ff'),
  'INT8: 0, -1, -128': identity('int8', 'INT8', 3, '00 ff 80'),
  'UINT16: 1, 256, 65535': identity('uint16', 'UINT16', 6, '0100 0001 ffff'),
  'INT16: 1, -2, -32768': identity('int16', 'INT16', 6, '0100 feff 0080'),
  'UINT32: 1, 65536, 4294967295': identity('uint32', 'UINT32', 12, '01000000 00000100 ffffffff'),
  'INT32: 1, -2, -2147483648': identity('int32', 'INT32', 12, '01000000 feffffff 00000080'),
  'UINT64: 1, 2^53 + 1, 2^64 - 1': identity(
    'uint64',
    'UINT64',
    24,
    '0100000000000000 0100000000002000 ffffffffffffffff',
  ),
  'INT64: -2, 2^53 + 1, -2^63': identity('int64', 'INT64', 24, 'feffffffffffffff 0100000000002000 0000000000000080'),
  'FP16: 1.5, -2, 65504': identity('fp16', 'FP16', 6, '003e 00c0 ff7b'),
  'BF16: 1.5, -2, the largest': identity('bf16', 'BF16', 6, 'c03f 00c0 7f7f'),
  'FP32: NaN, Infinity, -Infinity': identity('fp32', 'FP32', 12, '0000c07f 0000807f 000080ff'),
  'FP32: 1.5, -0, the smallest': identity('fp32', 'FP32', 12, '0000c03f 00000080 01000000'),
  'FP64: 1.5, -0, 0.1': identity('fp64', 'FP64', 24, '000000000000f83f 0000000000000080 9a9999999999b93f'),
  // Before each element its length in four bytes: "", "a\0b", "é😀" of 6 bytes.
  'BYTES: a length, then the bytes': identity('bytes', 'BYTES', 21, '00000000 03000000 610062 06000000 c3a9f09f9880'),
  'BYTES that are no text': identity('bytes', 'BYTES', 17, '03000000 ff00fe 01000000 80 01000000 00'),

  'no output named, binary_data_output': {
    model: 'sums',
    request:
      '{"parameters":{"binary_data_output":true},' +
      '"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]}',
    sent: '',
    answer:
      '{"model_name":"sums","model_version":"1","outputs":[' +
      '{"name":"plus","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},' +
      '{"name":"minus","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},' +
      '{"name":"same","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]}',
    received: '00000040 00004040 00000000 0000803f 0000803f 00000040',
  },
  'the output’s own word wins over the request’s, and blobs follow in the order asked for': {
    model: 'sums',
    request:
      '{"parameters":{"binary_data_output":true},' +
      '"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}],' +
      '"outputs":[{"name":"same"},{"name":"plus","parameters":{"binary_data":false}},{"name":"minus"}]}',
    sent: '0000803f 00000040',
    answer:
      '{"model_name":"sums","model_version":"1","outputs":[' +
      '{"name":"same","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},' +
      '{"name":"plus","datatype":"FP32","shape":[1,2],"data":[2,3]},' +
      '{"name":"minus","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]}',
    received: '0000803f 00000040 00000000 0000803f',
  },
  'one input in JSON, the other behind it': {
    model: 'two',
    request:
      '{"id":"mixed","inputs":[{"name":"b","shape":[2,2],"datatype":"FP32","data":[1,2,3,4]},' +
      '{"name":"a","shape":[2,2],"datatype":"FP32","parameters":{"binary_data_size":16}}],' +
      '"outputs":[{"name":"sum","parameters":{"binary_data":true}}]}',
    sent: '0000803f 0000803f 0000803f 0000803f',
    answer:
      '{"id":"mixed","model_name":"two","model_version":"1",' +
      '"outputs":[{"name":"sum","datatype":"FP32","shape":[2,2],"parameters":{"binary_data_size":16}}]}',
    received: '00000040 00004040 00008040 0000a040',
  },
  'both behind it, in the order of the inputs, the second at an odd address': {
    model: 'two',
    request:
      '{"inputs":[{"name":"b","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}},' +
      '{"name":"a","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}],' +
      '"outputs":[{"name":"sum","parameters":{"binary_data":true}}] }',
    sent: '0000803f 00000040 00004040 00008040',
    answer:
      '{"model_name":"two","model_version":"1",' +
      '"outputs":[{"name":"sum","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]}',
    received: '00008040 0000c040',
  },
  'a tensor without elements: all the answer is JSON': {
    model: 'fp32',
    request:
      '{"inputs":[{"name":"x","shape":[0,3],"datatype":"FP32","parameters":{"binary_data_size":0}}],' +
      '"outputs":[{"name":"y","parameters":{"binary_data":true}}]}',
    sent: '',
    answer:
      '{"model_name":"fp32","model_version":"1",' +
      '"outputs":[{"name":"y","datatype":"FP32","shape":[0,3],"parameters":{"binary_data_size":0}}]}',
    received: '',
  },
  'NaN and Infinity in, as JSON out': {
    model: 'fp32',
    request: '{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":12}}]}',
    sent: '0000c07f 0000807f 000080ff',
    answer:
      '{"model_name":"fp32","model_version":"1",' +
      '"outputs":[{"name":"y","datatype":"FP32","shape":[1,3],"data":[NaN,Infinity,-Infinity]}]}',
    received: '',
  },
};

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/** The whole request as it travels. */
function requestBytes({ model, request, sent }: Fixture): Buffer {
  const blob = bytes(sent);
  const json = Buffer.from(request);
  const head = [
    `POST /v2/models/${model}/infer HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/octet-stream',
    `Inference-Header-Content-Length: ${json.length}`,
    `Content-Length: ${json.length + blob.length}`,
    '\r\n',
  ];
  return Buffer.concat([Buffer.from(head.join('\r\n'), 'latin1'), json, blob]);
}

describe('a binary request, byte for byte', () => {
  it.each(Object.entries(FIXTURES))('%s', async (_name, fixture) => {
    const connection = await openRaw(jitney.port);
    connection.write(requestBytes(fixture));
    const { status, header, body } = await connection.answer();
    connection.close();
    const blob = bytes(fixture.received);
    expect(status).toBe('HTTP/1.1 200 OK');
    expect(body.toString('hex')).toBe(Buffer.concat([Buffer.from(fixture.answer), blob]).toString('hex'));
    const isBinary = blob.length > 0;
    expect(header('content-type')).toBe(isBinary ? 'application/octet-stream' : 'application/json');
    expect(header('inference-header-content-length')).toBe(isBinary ? String(fixture.answer.length) : null);
  });

  it('may be cut anywhere on its way', async () => {
    const fixture = FIXTURES['INT64: -2, 2^53 + 1, -2^63'] as Fixture;
    const whole = requestBytes(fixture);
    const connection = await openRaw(jitney.port);
    connection.socket.setNoDelay(true);
    for (let at = 0; at < whole.length; at += 7) {
      connection.write(whole.subarray(at, at + 7));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { body } = await connection.answer();
    connection.close();
    expect(body.subarray(fixture.answer.length).toString('hex')).toBe(fixture.received.replaceAll(' ', ''));
  });

  it('may come chunked, with chunks of a byte', async () => {
    const fixture = FIXTURES['FP32: 1.5, -0, the smallest'] as Fixture;
    const content = Buffer.concat([Buffer.from(fixture.request), bytes(fixture.sent)]);
    const chunks = [...content].map((byte) =>
      Buffer.concat([Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')]),
    );
    const connection = await openRaw(jitney.port);
    connection.write(
      'POST /v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n' +
        `Inference-Header-Content-Length: ${fixture.request.length}\r\n\r\n`,
    );
    connection.write(Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]));
    const { body } = await connection.answer();
    connection.close();
    expect(body.toString('hex')).toBe(
      Buffer.concat([Buffer.from(fixture.answer), bytes(fixture.received)]).toString('hex'),
    );
  });
});

describe('requests one behind the other on a connection', () => {
  it('are answered in their order, whatever each takes', async () => {
    const fixtures = Object.values(FIXTURES);
    const connection = await openRaw(jitney.port);
    connection.write(Buffer.concat(fixtures.map(requestBytes)));
    for (const fixture of fixtures) {
      const { body } = await connection.answer();
      expect(body.subarray(0, fixture.answer.length).toString()).toBe(fixture.answer);
    }
    connection.close();
  });
});

describe('a raw binary request: the header is 0, the body is the one input', () => {
  const raw = async (model: string, hex: string) => {
    const body = bytes(hex);
    const connection = await openRaw(jitney.port);
    connection.write(
      `POST /v2/models/${model}/infer HTTP/1.1\r\nHost: a\r\nInference-Header-Content-Length: 0\r\n` +
        `Content-Length: ${body.length}\r\n\r\n`,
    );
    connection.write(body);
    const answer = await connection.answer();
    connection.close();
    return answer;
  };

  it('one row of FP32', async () => {
    const { body } = await raw('fp32', '0000803f 00000040 00004040');
    const json =
      '{"model_name":"fp32","model_version":"1",' +
      '"outputs":[{"name":"y","datatype":"FP32","shape":[1,3],"parameters":{"binary_data_size":12}}]}';
    expect(body.toString('latin1')).toBe(`${json}${bytes('0000803f0000004000004040').toString('latin1')}`);
  });

  it('one BYTES element, without its length before it; in the answer with', async () => {
    const { body } = await raw('word', '68 00 ff');
    const json =
      '{"model_name":"word","model_version":"1",' +
      '"outputs":[{"name":"y","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":7}}]}';
    expect(body.toString('latin1')).toBe(`${json}${bytes('030000006800ff').toString('latin1')}`);
  });

  it.each([
    ['fp32', '00000000 00', /input byte size mismatch for input 'x' for model 'fp32'/],
    ['two', '00000000', /exactly one input/],
    ['bytes', '00', /For BYTE datatype raw input 'x', the model must have input shape \[1\]/],
    ['grid', '00000000', /can not be deduced because there are more than one variable-sized dimension/],
  ])('to %s with %s: 400 that says why', async (model, hex, why) => {
    const { status, body } = await raw(model, hex);
    expect(status).toBe('HTTP/1.1 400 Bad Request');
    expect(JSON.parse(body.toString())).toEqual({ error: expect.stringMatching(why) });
  });
});
