import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discover } from './discover.js';
import { only, reasonOf, useTree } from './testing/tree.js';

const tree = useTree(beforeEach, afterEach);

describe('the folder of a model', () => {
  it.each([
    ['a model.onnx', ['fraud/model.onnx'], 'fraud@1 servable onnx fraud/model.onnx'],
    ['own code', ['fraud/model.ts'], 'fraud@1 servable script fraud/model.ts'],
    [
      'own code around the model.onnx beside it',
      ['fraud/model.onnx', 'fraud/model.ts'],
      'fraud@1 servable script fraud/model.ts',
    ],
    ['own code in JavaScript', ['fraud/model.mjs', 'fraud/model.onnx'], 'fraud@1 servable script fraud/model.mjs'],
    [
      'onnx/model.onnx as on Hugging Face',
      ['fraud/config.json', 'fraud/onnx/model.onnx'],
      'fraud@1 servable onnx fraud/onnx/model.onnx',
    ],
    ['onnx/model.onnx without a config', ['fraud/onnx/model.onnx'], 'fraud@1 servable onnx fraud/onnx/model.onnx'],
    [
      'one variant only',
      ['fraud/config.json', 'fraud/onnx/model_int8.onnx'],
      'fraud@1 servable onnx fraud/onnx/model_int8.onnx',
    ],
    [
      'a file of any name beside a config.json',
      ['fraud/config.json', 'fraud/bert.onnx'],
      'fraud@1 servable onnx fraud/bert.onnx',
    ],
    [
      'a model.onnx that is a folder with the weights',
      ['fraud/1/model.onnx/model.onnx', 'fraud/1/model.onnx/weights.bin'],
      'fraud@1 servable onnx fraud/1/model.onnx/model.onnx',
    ],
  ])('with %s is the same given directly or within its parent', async (_, files, line) => {
    await tree.lay(...files);
    expect(tree.lines(await discover([tree.at('fraud')]))).toEqual([line]);
    expect(tree.lines(await discover([tree.root]))).toEqual([line]);
  });

  it('serves the plain model of several variants, and says so', async () => {
    await tree.lay('m/config.json', 'm/onnx/model.onnx', 'm/onnx/model_fp16.onnx', 'm/onnx/model_quantized.onnx');
    expect(only(await discover([tree.at('m')])).notes).toEqual([
      'onnx/model.onnx is served, not onnx/model_fp16.onnx, onnx/model_quantized.onnx; "file" in model.json chooses another',
    ]);
  });

  it('serves the file that model.json names', async () => {
    await tree.lay('m/onnx/model.onnx', 'm/onnx/model_int8.onnx', ['m/model.json', '{"file": "onnx/model_int8.onnx"}']);
    expect(tree.lines(await discover([tree.at('m')]))).toEqual(['m@1 servable onnx m/onnx/model_int8.onnx']);
  });

  it('is refused where model.json names a file that is not there', async () => {
    await tree.lay('m/model.onnx', ['m/model.json', '{"file": "other.onnx"}']);
    expect(reasonOf(only(await discover([tree.at('m')])))).toContain(
      'model.json names the file "other.onnx", which is not there',
    );
  });

  it('is refused where several files could be the model, naming them', async () => {
    await tree.lay('m/config.json', 'm/onnx/encoder_model.onnx', 'm/onnx/decoder_model.onnx');
    const reason = reasonOf(only(await discover([tree.at('m')])));
    expect(reason).toContain(
      'several ONNX files and none is called model.onnx: decoder_model.onnx, encoder_model.onnx',
    );
    expect(reason).toContain('Fix: say which by "file" in a model.json');
  });

  it('serves the tensors alone where model.json says so', async () => {
    await tree.lay('m/model.onnx', 'm/model.ts', ['m/model.json', '{"task": "tensor"}']);
    expect(tree.lines(await discover([tree.at('m')]))).toEqual(['m@1 servable onnx m/model.onnx']);
  });

  it('warns of ONNX files and code that are beside the model and not served', async () => {
    await tree.lay('m/model.onnx', 'm/other.onnx', 'n/model.ts', 'n/model.js');
    const [m, n] = (await discover([tree.root])).artefacts;
    expect(m!.warnings).toEqual([`${tree.at('m/other.onnx')} is not served, since model.onnx is beside it`]);
    expect(n!.warnings).toEqual([`${tree.at('n/model.js')} is not used, since model.ts is beside it`]);
  });

  it('warns that a config.pbtxt is not read', async () => {
    await tree.lay('m/config.pbtxt', 'm/1/model.onnx');
    expect(only(await discover([tree.at('m')])).warnings[0]).toMatch(
      /config\.pbtxt is not read .* taken from the model itself/,
    );
  });

  it('with nothing but settings is refused', async () => {
    await tree.lay(['m/config.pbtxt', 'platform: "onnxruntime_onnx"']);
    expect(reasonOf(only(await discover([tree.at('m')])))).toContain('it holds no model. Fix: put a model.onnx');
  });

  it('with weights of another format alone is refused, naming it', async () => {
    await tree.lay('m/config.json', 'm/model.safetensors');
    expect(reasonOf(only(await discover([tree.at('m')])))).toContain('it is safetensors, weights without a graph');
  });
});

describe('a model.json', () => {
  it('that is wrong refuses its model, and the others serve', async () => {
    await tree.lay('a/model.onnx', ['a/model.json', '{\n  "instnces": 2\n}'], 'b/model.onnx');
    const repository = await discover([tree.root]);
    expect(tree.lines(repository)).toEqual(['a@1 refused a/model.json', 'b@1 servable onnx b/model.onnx']);
    expect(repository.artefacts[0]!.state).toMatchObject({
      error: { code: 'INVALID_CONFIG' },
      reason: `${tree.at('a/model.json')}:2:3: instnces: is not a setting; did you mean instances?`,
    });
  });

  it('of XGBoost or TensorFlow.js is not taken for settings', async () => {
    await tree.lay(
      ['x/model.json', '{"learner":{"attributes":{}}}'],
      ['t/model.json', '{"format":"x","modelTopology":{}}'],
    );
    const [t, x] = (await discover([tree.root])).artefacts;
    expect(reasonOf(x!)).toContain('it is an XGBoost model. Fix: convert it to ONNX with onnxmltools');
    expect(reasonOf(t!)).toContain('it is a TensorFlow.js model');
  });

  it('of XGBoost beside a model.onnx is a warning', async () => {
    await tree.lay('x/model.onnx', ['x/model.json', '{"learner":{"attributes":{}}}']);
    const artefact = only(await discover([tree.root]));
    expect(artefact.state.state).toBe('servable');
    expect(artefact.warnings).toEqual([`${tree.at('x/model.json')} is an XGBoost model and not read as settings`]);
  });

  it('above 1 MiB is refused without being parsed', async () => {
    await tree.lay('m/model.onnx', ['m/model.json', `{"labels": ["${'x'.repeat(1 << 20)}"]}`]);
    expect(reasonOf(only(await discover([tree.root])))).toContain('expected settings of at most 1048576 bytes');
  });

  it('with a setting that does nothing yet says so', async () => {
    const settings = '{"slo": {"latencyMs": 20}, "timeouts": {"requestMs": 9, "loadMs": 9}, "labels": ["a"]}';
    await tree.lay('m/model.onnx', ['m/model.json', settings]);
    expect(only(await discover([tree.root])).warnings).toEqual([
      `${tree.at('m/model.json')}: "labels" has no effect in this release`,
      `${tree.at('m/model.json')}: "timeouts.loadMs" has no effect in this release`,
    ]);
  });
});
