import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runForward } from '../../src/run/forward.js';
import { runInspect } from '../../src/run/inspect.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { withFolder } from '../helpers/inputFile.js';
import { part } from '../helpers/protobufBytes.js';
import { readTensors } from '../helpers/readFormat.js';
import { referencePath } from '../helpers/reference.js';
import { runCli } from '../helpers/runCli.js';

/** Networks in TensorFlow checkpoints, named as Keras 2 and as Keras 3 on TensorFlow name them, with y as Keras 3.15.1 computed it. */
const path = (file: string) => referencePath('checkpoints', file);

async function expectRecorded(id: string, request: object) {
  const { tensors } = await runForward({ ...request, input: path(`${id}.x.npy`) });
  const { tensors: recorded } = await readTensors(readFileSync(path(`${id}.y.npy`)));
  expectClose(tensors.y, [...recorded.values()][0], TOLERANCE.float32);
}

describe('a checkpoint beside its description', () => {
  it.each(
    ['lstm', 'gru_stack', 'emb_rnn', 'many_to_many'].flatMap(id => [
      [id, '_keras2'],
      [id, '_tf'],
    ]),
  )('%s%s gives y', (id, way) => expectRecorded(id, { model: path(`${id}.json`), weights: path(`${id}${way}.index`) }));

  it('is found by the name that TensorFlow calls it, and by that of its data', async () => {
    await expectRecorded('lstm', { model: path('lstm.json'), weights: path('lstm_tf') });
    await expectRecorded('lstm', { model: path('lstm.json'), weights: path('lstm_tf.data-00000-of-00001') });
  });

  it('knows normalisations, separable filters, attention and what a stateful layer keeps', () =>
    expectRecorded('norms', { model: path('norms.json'), weights: path('norms_tf.index') }));

  it("takes weights that a trained model's optimizer was the shortest way to", () =>
    expectRecorded('trained', { model: path('trained.json'), weights: path('trained_tf.index') }));

  it.each(['lora', 'packed'])('with what LoRA adds, or kernels of 4 bits, in models and in TimeDistributed, gives y (%s)', async id => {
    const [packed, model] = [(file: string) => referencePath('checkpoints_packed', file), `${id}.json`];
    const { tensors } = await runForward({ model: packed(model), weights: packed(`${id}_tf.index`), input: packed(`${id}.x.npy`) });
    const { tensors: recorded } = await readTensors(readFileSync(packed(`${id}.y.npy`)));
    expectClose(tensors.y, [...recorded.values()][0], TOLERANCE.float32);
  });

  it('of fewer layers than the network has is refused with both lists', async () => {
    const refused = runForward({ model: path('gru_stack.json'), weights: path('lstm_tf.index') });
    await expect(refused).rejects.toMatchObject({
      code: 'E_WEIGHT_MISSING',
      message: 'the checkpoint has variables of 2 layers, the network has weights in 3',
      fix: expect.stringContaining("model.save('net.keras')"),
    });
  });

  it('tells the layers without a description, as far as weights can', async () => {
    const { network, framework } = await runInspect({ file: path('gru_stack_keras2.index') });
    expect([framework, network?.layers.map(l => `${l.kind} ${l.params}`)]).toEqual(['keras', ['gru 108', 'gru 165', 'dense 12']]);
    const trained = await runInspect({ file: path('trained_tf.index') });
    expect([trained.network, trained.reason]).toEqual([null, expect.stringContaining("give the model's configuration")]);
  });
});

/** keras_metadata.pb: the root's description as JSON, among other objects. */
function metadata(root: object): Buffer {
  const node = (name: string, text: string) => part(1, part(3, name), part(4, '_tf_keras_layer'), part(5, text));
  return Buffer.concat([node('root', JSON.stringify(root)), node('root.layer-0', '{}')]);
}

describe('a SavedModel of Keras 2', () => {
  const keras2 = {
    name: 'sequential',
    layers: [
      { class_name: 'InputLayer', config: { batch_input_shape: [null, 6, 3], name: 'in' } },
      { class_name: 'LSTM', config: { name: 'lstm', units: 4, activation: 'tanh', recurrent_activation: 'sigmoid', use_bias: true } },
      {
        class_name: 'Dense',
        config: {
          name: 'dense',
          units: 2,
          activation: JSON.parse(readFileSync(path('lstm.json'), 'utf8')).config.layers[2].config.activation,
        },
      },
    ],
  };

  function write(folder: string, root: object): void {
    mkdirSync(join(folder, 'variables'));
    for (const end of ['.index', '.data-00000-of-00001'])
      copyFileSync(path(`lstm_keras2${end}`), join(folder, 'variables', `variables${end}`));
    writeFileSync(join(folder, 'saved_model.pb'), '');
    writeFileSync(join(folder, 'keras_metadata.pb'), metadata(root));
  }

  it('is a folder, with the description beside the variables', () =>
    withFolder(async folder => {
      write(folder, { class_name: 'Sequential', config: keras2, keras_version: '2.11.0' });
      await expectRecorded('lstm', { model: folder });
      expect(await runInspect({ file: folder })).toMatchObject({
        framework: 'keras',
        frameworkVersion: '2.11.0',
        format: 'savedmodel',
        runs: true,
      });
    }));

  it("of somebody's own class is shown with its variables and refused by its name", () =>
    withFolder(async folder => {
      write(folder, { class_name: 'MyModel', config: {} });
      const { network, runs, reason } = await runInspect({ file: folder });
      expect([runs, reason]).toEqual([false, 'MyModel is not supported']);
      expect(network?.layers.map(l => [l.name, l.params])).toEqual([
        ['layer_with_weights-0', 128],
        ['layer_with_weights-1', 10],
      ]);
    }));

  it('without a description says what it is and how to save the model instead, whatever is asked of it', () =>
    withFolder(async folder => {
      write(folder, {});
      rmSync(join(folder, 'keras_metadata.pb'));
      for (const end of ['.index', '.data-00000-of-00001'])
        copyFileSync(referencePath('savedmodel', `exported_tf${end}`), join(folder, 'variables', `variables${end}`));
      const { format, framework, reason } = await runInspect({ file: join(folder, 'saved_model.pb') });
      expect({ format, framework }).toEqual({ format: 'savedmodel', framework: null });
      expect(reason).toContain('model.save("net.keras")');
      for (const command of ['shapes', 'forward', 'probe']) {
        const { exit, stderr } = await runCli([command, folder, '--json']);
        expect([exit, JSON.parse(stderr).code]).toEqual([3, 'E_SAVEDMODEL']);
      }
    }));
});
