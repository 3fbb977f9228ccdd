import { readFileSync } from 'node:fs';
import { gunzipSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';
import { openRaw, type RawAnswer } from '../support/raw-connection.js';
import { protocolModels } from './models.js';

/*
 * What the real `tritonclient.http` sends, replayed over a raw socket. The bytes were recorded from the client by
 * fixtures/record-tritonclient.py, with no server of ours in sight; the answers are written by hand here.
 */

interface Recording {
  readonly name: string;
  readonly head: readonly string[];
  /** Hex. */
  readonly body: string;
}

const { requests } = JSON.parse(readFileSync(new URL('fixtures/tritonclient.json', import.meta.url), 'utf8')) as {
  readonly requests: readonly Recording[];
};

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

async function replay(name: string): Promise<RawAnswer> {
  const recording = requests.find((request) => request.name === name);
  if (recording === undefined) throw new Error(`nothing was recorded as '${name}'`);
  const connection = await openRaw(jitney.port);
  connection.write(`${recording.head.join('\r\n')}\r\n\r\n`);
  connection.write(Buffer.from(recording.body, 'hex'));
  const answer = await connection.answer();
  connection.close();
  return answer;
}

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/** `[[1.5, -2, 0.1], [3e38, 0, -0]]` */
const FP32 = '0000c03f 000000c0 cdcccc3d e6b1617f 00000000 00000080';
const INT64 = '0100000000002000 0000000000000080 ffffffffffffff7f';
const BYTES = '00000000 06000000 6865006c6c6f 05000000 6122625c63 06000000 c3a9f09f9880 02000000 0a09 03000000 e280a8';

const output = (model: string, datatype: string, shape: string, rest: string) =>
  `{"model_name":"${model}","model_version":"1",` +
  `"outputs":[{"name":"y","datatype":"${datatype}","shape":${shape},${rest}}]}`;
const sized = (bytesThere: number) => `"parameters":{"binary_data_size":${bytesThere}}`;

describe('a question of tritonclient', () => {
  it.each([
    ['is_server_live', '{"live":true}'],
    ['is_server_ready', '{"ready":true}'],
    ['is_model_ready', '{"name":"fp32","ready":true}'],
    ['is_model_ready with a version', '{"name":"fp32","ready":true}'],
    [
      'get_model_metadata',
      '{"name":"fp32","versions":["1"],"platform":"onnxruntime_onnx",' +
        '"inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],"outputs":[{"name":"y","datatype":"FP32","shape":[-1,3]}]}',
    ],
  ])('%s', async (name, expected) => {
    const { status, body } = await replay(name);
    expect([status, body.toString()]).toEqual(['HTTP/1.1 200 OK', expected]);
  });

  it('get_server_metadata', async () => {
    const { body } = await replay('get_server_metadata');
    expect(JSON.parse(body.toString())).toMatchObject({ name: 'jitney', extensions: expect.any(Array) });
  });
});

describe('an infer request of tritonclient', () => {
  it.each([
    ['FP32, binary, no output named', output('fp32', 'FP32', '[2,3]', sized(24)), FP32],
    ['FP32, binary in and out', output('fp32', 'FP32', '[2,3]', sized(24)), FP32],
    ['FP32, JSON in and out', output('fp32', 'FP32', '[1,3]', '"data":[1.5,-2,0.1]'), ''],
    ['FP32, binary in, JSON out', output('fp32', 'FP32', '[2,3]', '"data":[1.5,-2,0.1,3e+38,0,-0]'), ''],
    ['FP32, JSON in, binary out', output('fp32', 'FP32', '[1,3]', sized(12)), '0000c03f 000000c0 cdcccc3d'],
    ['INT64, binary in and out', output('int64', 'INT64', '[1,3]', sized(24)), INT64],
    [
      'INT64, JSON in and out',
      output('int64', 'INT64', '[1,3]', '"data":[9007199254740993,-9223372036854775808,9223372036854775807]'),
      '',
    ],
    ['BYTES, binary in and out', output('bytes', 'BYTES', '[2,3]', sized(46)), BYTES],
    ['BOOL, binary in and out', output('bool', 'BOOL', '[1,3]', sized(3)), '010001'],
    ['FP16, binary in and out', output('fp16', 'FP16', '[1,3]', sized(6)), '003e 00c0 662e'],
    ['request as gzip', output('fp32', 'FP32', '[2,3]', sized(24)), FP32],
    ['request as deflate', output('fp32', 'FP32', '[2,3]', sized(24)), FP32],
  ])('%s', async (name, json, blob) => {
    const { status, body, header } = await replay(name);
    expect(status).toBe('HTTP/1.1 200 OK');
    expect(body.toString('hex')).toBe(Buffer.concat([Buffer.from(json), bytes(blob)]).toString('hex'));
    expect(header('inference-header-content-length')).toBe(blob === '' ? null : String(json.length));
  });

  it('BYTES, JSON in and out', async () => {
    const { body } = await replay('BYTES, JSON in and out');
    const data = ['', 'he\0llo', 'a"b\\c', 'é😀', '\n\t', '\u2028'];
    expect(JSON.parse(body.toString()).outputs).toEqual([{ name: 'y', datatype: 'BYTES', shape: [2, 3], data }]);
  });

  it('two inputs, one binary and one JSON', async () => {
    const { body } = await replay('two inputs, one binary and one JSON');
    const json =
      '{"model_name":"two","model_version":"1",' +
      '"outputs":[{"name":"sum","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]}';
    // [1.5, -2] + [-2, 0.1]
    const sum = Buffer.from(Float32Array.of(-0.5, Math.fround(-2 + Math.fround(0.1))).buffer);
    expect(body.toString('hex')).toBe(Buffer.concat([Buffer.from(json), sum]).toString('hex'));
  });

  it('id, priority, timeout and a parameter', async () => {
    const { status, body } = await replay('id, priority, timeout and a parameter');
    expect(status).toBe('HTTP/1.1 200 OK');
    expect(body.toString('latin1')).toContain('{"id":"r-1","model_name":"fp32"');
  });

  it.each([
    ['answer as gzip', 'gzip', gunzipSync],
    ['answer as deflate', 'deflate', inflateSync],
  ] as const)('%s', async (name, encoding, inflate) => {
    const { body, header } = await replay(name);
    expect(header('content-encoding')).toBe(encoding);
    const plain = inflate(body);
    const json = output('fp32', 'FP32', '[400,3]', sized(4800));
    expect(header('inference-header-content-length')).toBe(String(json.length));
    expect(plain.toString('latin1', 0, json.length)).toBe(json);
    const [first, second] = [FP32.slice(0, 26), FP32.slice(27)];
    expect(plain.toString('hex', json.length)).toBe(`${first.repeat(200)}${second.repeat(200)}`.replaceAll(' ', ''));
  });
});
