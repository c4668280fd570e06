import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runConvert } from '../../src/run/convert.js';
import { runForward } from '../../src/run/forward.js';
import { runInspect } from '../../src/run/inspect.js';
import { runShapes } from '../../src/run/shapes.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { withArraysFile, withFolder } from '../helpers/inputFile.js';
import { readTensors } from '../helpers/readFormat.js';
import { referencePath } from '../helpers/reference.js';

/**
 * Files of older Kerases. w_*: weights that Keras 3.15.1 saved without a description (`save_weights('w.h5')`), with an input and the output of the model they came from. In the
 * files the links of a group sort as text; the order of layers is the attribute `layer_names`, that of weights `weight_names`.
 * cudnn_*: as Keras 2.2 wrote them, with the output of Keras 2's own rules. k1_*: Keras 1, by keras1.py beside them.
 */
const path = (file: string) => referencePath('keras_legacy', file);

async function expectRecorded(id: string, request: object) {
  const { tensors } = await runForward({ ...request, input: path(`${id}_x.npy`) });
  expectClose(tensors.y, await recordedArray(`${id}_y.npy`), TOLERANCE.float32);
}

async function recordedArray(file: string) {
  const { tensors } = await readTensors(readFileSync(path(file)), { nameHint: file });
  return [...tensors.values()][0];
}

describe("legacy weights of Keras are taken in the order of the file's layer_names", () => {
  it.each([
    ['w_order', 'an LSTM before a Dense whose name sorts first, both as wide as the input'],
    ['w_order2', 'an LSTM before a Dense whose name sorts first'],
    ['w_seq', 'enc before dec, two layers of one shape'],
    ['w_stack', 'lstm_9 before lstm_10'],
  ])('%s: %s', id => expectRecorded(id, { weights: path(`${id}.h5`) }));
});

describe('layers that Keras has no longer', () => {
  it.each(['cudnn_gru', 'cudnn_stack'])('%s: matrices transposed gate by gate, two biases in one row', id =>
    expectRecorded(id, { model: path(`${id}.h5`) }),
  );

  it.each([
    ['k1_lstm', 'LSTMs with an array for each gate, hard sigmoid 0.2x + 0.5, TimeDistributedDense'],
    ['k1_gru', 'an Embedding, both directions of a GRU with the reset before the product'],
    ['k1_gpu', 'one array for all gates'],
  ])('%s: %s, from one file and from description and weights', async id => {
    await expectRecorded(id, { model: path(`${id}.h5`) });
    await expectRecorded(id, { model: path(`${id}.json`), weights: path(`${id}.h5`) });
  });

  it.each([
    ['k1_masked_ways', 'both directions hold what they gave where a step is skipped, as until Keras 2.3'],
    ['k1_conv', 'the filters of a Convolution1D are images of one row'],
    ['k2_cells', 'hard sigmoids of cells inside an RNN are 0.2x + 0.5'],
  ])('%s: %s', id => expectRecorded(id, { model: path(`${id}.h5`) }));

  it('takes get_weights() of Keras 1, whose arrays have no names', async () => {
    const { tensors, metadata } = await readTensors(readFileSync(path('k1_lstm.h5')));
    const names = ['lstm_1', 'td_1', 'lstm_2', 'dense_1'].flatMap(layer =>
      (JSON.parse(metadata.get(`model_weights/${layer}@weight_names`)!) as string[]).map(name => `model_weights/${layer}/${name}`),
    );
    const arrays = new Map(names.map((name, i) => [`arr_${i}`, tensors.get(name)!]));
    await withArraysFile(arrays, file => expectRecorded('k1_lstm', { model: path('k1_lstm.json'), weights: file }));
  });
});

describe('a description and its weights in two files', () => {
  const both = { model: path('arch.json'), weights: path('arch.weights.h5') };

  it('runs', () => expectRecorded('arch', both));

  it.each(['.onnx', '.npz', '.safetensors'])('is converted to %s', async extension => {
    await withFolder(async folder => {
      const output = join(folder, `out${extension}`);
      const { check, notes } = await runConvert({ file: both.model, weights: both.weights, output });
      expect([check?.identical, notes]).toEqual([true, []]);
      await expectRecorded('arch', extension === '.onnx' ? { model: output } : { weights: output });
    });
  });

  it('is inspected as one network', async () => {
    const { runs, network } = await runInspect({ file: both.model, weights: both.weights });
    expect([runs, network?.totals.params]).toEqual([true, 100]);
  });

  it('without the weights they are drawn, which is said, unless a seed asks for it', async () => {
    const drawn = await runForward({ model: both.model, input: path('arch_x.npy') });
    expect(drawn.assumptions.map(a => [a.fact, a.value])).toEqual([['weights', 'drawn']]);
    const asked = await runForward({ model: both.model, input: path('arch_x.npy'), seed: '42' });
    expect([asked.assumptions, asked.ySha256]).toEqual([[], drawn.ySha256]);
    await expect(runForward({ model: both.model, input: path('arch_x.npy'), strict: true })).rejects.toThrow('the model file has none');
  });
});

describe('a model that was saved before it was built', () => {
  it.each(['unbuilt.h5', 'unbuilt.keras'])('%s has shapes and counts, and is not run', async file => {
    expect((await runShapes({ model: path(file) })).totals.params).toBe(270);
    expect(await runInspect({ file: path(file) })).toMatchObject({ runs: false, reason: expect.stringContaining('before it was built') });
    await expect(runForward({ model: path(file) })).rejects.toMatchObject({ code: 'E_UNBUILT', exit: 3 });
    await expect(runConvert({ file: path(file), output: join(tmpdir(), 'rnn-unbuilt.npz') })).rejects.toMatchObject({
      code: 'E_CONVERT_WEIGHTS',
    });
  });
});

describe('what weights of Keras alone leave open', () => {
  it('the gates of Keras 1 are hard sigmoids by default, which is said', async () => {
    await expectRecorded('k1_weights', { weights: path('k1_weights.h5') });
    const { assumptions } = await runForward({ weights: path('k1_weights.h5'), input: path('k1_weights_x.npy') });
    expect(assumptions.map(a => [a.fact, a.value])).toContainEqual(['activation', 'hard_sigmoid_keras2']);
  });
});
