import { writeTensors } from '../../src/formats/index.js';
import { memorySource } from '../../src/formats/source.js';
import { summaryText } from '../../src/report/summary.js';
import { readJsonModel } from '../../src/run/files/jsonModel.js';
import { runForward } from '../../src/run/forward.js';
import type { Network } from '../../src/run/network/network.js';
import { outlinedShapes } from '../../src/run/network/outlinedShapes.js';
import { summaryModel } from '../../src/run/network/summaryModel.js';
import { runShapes } from '../../src/run/shapes.js';
import { temporaryFolder } from '../helpers/files.js';

/** A model of somebody's own class: the file has its name and its tensors. Layouts as Keras 3.15 writes them. */
const folder = temporaryFolder();
const own = { class_name: 'Net', registered_name: 'mine>Net', config: { units: 5 }, build_config: { input_shape: [2, 6, 3] } };

const SHAPES: Record<string, number[]> = {
  'block/inner/cell/vars/0': [10, 16],
  'block/inner/cell/vars/1': [4, 16],
  'block/inner/cell/vars/2': [16],
  'block/vars/0': [4],
  'blocks/dense/vars/0': [4, 3],
  'blocks/dense/vars/1': [3],
  'head/layers/batch_normalization/vars/0': [4],
  'head/layers/batch_normalization/vars/1': [4],
  'head/layers/batch_normalization/vars/2': [4],
  'head/layers/batch_normalization/vars/3': [4],
  'layers/dense_2/vars/0': [4, 2],
  'layers/dense_2/vars/1': [2],
  'optimizer/vars/1': [7],
  'vars/0': [3],
};
const NAMES = {
  'block/vars@name': 'block',
  'block/inner/cell/vars@name': 'lstm_cell',
  'block/inner/vars@name': 'lstm',
  'blocks/dense/vars@name': 'first',
  'drop/vars@name': 'dropout',
  'head/vars@name': 'sequential',
  'head/layers/batch_normalization/vars@name': 'batch_normalization',
  'layers/dense_2/vars@name': 'dense_7',
  'vars@name': 'net',
};

function tensorsOf(shapes: Record<string, number[]>) {
  const zeros = ([name, shape]: [string, number[]]) =>
    [name, { shape, dtype: 'f32' as const, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }] as const;
  return new Map(Object.entries(shapes).map(zeros));
}

async function outlined(config: object, shapes: Record<string, number[]>, metadata: Record<string, string>) {
  const opened = await readJsonModel(memorySource(new TextEncoder().encode(JSON.stringify(config))));
  const file = { format: 'keras', tensors: tensorsOf(shapes), metadata: new Map(Object.entries(metadata)), notes: [] };
  return outlinedShapes(opened, 'net.keras', file)!;
}

it('has a row for each of its layers, those without weights and those in lists too, under the names that the file has', async () => {
  const { shapes } = await outlined(own, SHAPES, NAMES);
  expect(shapes.layers.map(l => [l.name, l.kerasClass, l.params, l.output.dims])).toEqual([
    ['block', '?', 244, ['?']],
    ['first', 'Dense', 15, ['?']],
    ['dropout', 'Dropout', 0, ['?']],
    ['sequential', 'Sequential', 16, ['?']],
    ['dense_7', 'Dense', 10, ['?']],
    ['net', 'Net', 3, ['?']],
  ]);
  expect(shapes.input.shape).toEqual([null, 6, 3]);
  expect([shapes.totals.params, shapes.totals.trainable, shapes.totals.nonTrainable]).toEqual([288, 280, 8]);
  expect(shapes.title).toBe('Net, not supported');
  expect(shapes.notes.join('\n')).toMatch(/not run: Net is not supported\n.*moving means.*\n.*stands in the code alone/);
});

it('has a summary with ? for shapes, in which its own variables have no row and count', async () => {
  const { shapes, network } = await outlined(own, SHAPES, NAMES);
  const text = summaryText(summaryModel(shapes, network), { lineLength: 80 });
  expect(text).toMatch(/^Model: "net"\n/);
  expect(text.match(/\(\w*\??\) +│ \? +│ +\d+ │/g)).toHaveLength(5);
  expect(text).toMatch(/Total params: 295 .*\n Trainable params: 280 .*\n Non-trainable params: 8 .*\n Optimizer params: 7/);
});

it('without names in the file has them by their groups', async () => {
  const { 'vars/0': _, ...shapes } = SHAPES;
  const { shapes: result } = await outlined(own, shapes, {});
  expect(result.layers.map(l => [l.name, l.params])).toEqual([
    ['block', 244],
    ['blocks', 15],
    ['head', 16],
    ['layers/dense_2'.split('/')[1], 10],
  ]);
});

it('of a legacy .h5 has its layers in their order, and x of any shape', async () => {
  const shapes = {
    'model_weights/rnn/net/rnn/simple_rnn_cell/kernel': [3, 5],
    'model_weights/bn/net/bn/gamma': [5],
    'model_weights/bn/net/bn/moving_mean': [5],
    'model_weights/top_level_model_weights/net/scale': [2],
  };
  const { shapes: result } = await outlined({ class_name: 'mine>Net', config: { name: 'mine' } }, shapes, {
    'model_weights@layer_names': '["rnn","drop","bn"]',
  });
  expect(result.layers.map(l => [l.name, l.params, l.trainable])).toEqual([
    ['rnn', 15, true],
    ['drop', 0, true],
    ['bn', 10, true],
    ['mine', 2, true],
  ]);
  expect([result.input.dims, result.totals.nonTrainable]).toEqual([['?'], 5]);
  expect(result.notes.join()).not.toMatch(/stands in the code/);
});

it('of a checkpoint has its attributes, and lists by their numbers', async () => {
  const shapes = {
    'enc/cell/kernel': [3, 5],
    'blocks/0/kernel': [5, 2],
    'blocks/10/kernel': [2, 4],
    'blocks/2/kernel': [2, 2],
    save_counter: [],
  };
  const { shapes: result } = await outlined(own, shapes, {});
  expect(result.layers.map(l => [l.name, l.params])).toEqual([
    ['blocks/0', 10],
    ['blocks/2', 4],
    ['blocks/10', 8],
    ['enc', 15],
  ]);
});

it('is counted with weights beside its JSON, says so without any, and runs in no case', async () => {
  const model = folder.write('net.json', JSON.stringify(own));
  const weights = folder.write('w.npz', Buffer.from(await writeTensors('npz', tensorsOf(SHAPES))));
  let network: Network | undefined;
  const result = await runShapes({ model, weights }, found => {
    network = found;
  });
  expect(result.totals.params).toBe(288);
  expect(network).toBeDefined();
  expect((await runShapes({ model })).notes).toContain('the file holds no weights');
  await expect(runForward({ model, weights })).rejects.toMatchObject({ code: 'E_KERAS_CLASS', exit: 3 });
});

it('made of layers as a functional model is shown by them, whatever else its class does', async () => {
  const layers = [
    { class_name: 'InputLayer', config: { name: 'x', batch_shape: [null, 6, 3] }, name: 'x', inbound_nodes: [] },
    { class_name: 'LSTM', config: { name: 'lstm', units: 4 }, name: 'lstm', inbound_nodes: [[['x', 0, 0, {}]]] },
  ];
  const config = { class_name: 'Net', config: { name: 'net', layers, input_layers: [['x', 0, 0]], output_layers: [['lstm', 0, 0]] } };
  const { shapes } = await outlined(config, {}, {});
  expect(shapes.layers.map(l => [l.name, l.params, l.output.shape])).toEqual([['lstm', 128, [null, 4]]]);
  expect(shapes.notes).toContain('not run: Net is not supported');
});
