import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runForward } from '../../src/run/forward.js';
import { flat } from '../helpers/files.js';
import { withFolder } from '../helpers/inputFile.js';

/** Networks that TensorFlow.js 4.22 saved, each with what it computes: cells in a row (their weights lie in folders of their own), ThresholdedReLU. */
const folder = join(__dirname, '..', 'reference', 'tfjs_models');

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

it.each(readdirSync(folder))('%s gives what TensorFlow.js gave', async name => {
  const model = join(folder, name, 'model.json');
  const { x, y } = JSON.parse(readFileSync(join(folder, name, 'answer.json'), 'utf8')) as { x: Record<string, Numbers>; y: Numbers[] };
  await withFolder(async at => {
    const input = join(at, 'x.json');
    writeFileSync(input, JSON.stringify(Object.values(x)[0]));
    const { outputs, assumptions } = await runForward({ model, input });
    expect(assumptions).toEqual([]);
    outputs.forEach((output, i) => {
      const scale = Math.max(...y[i].data.map(Math.abs));
      expect(flat(output.y).length).toBe(y[i].data.length);
      expect(Math.max(...flat(output.y).map((v, k) => Math.abs(v - y[i].data[k])))).toBeLessThanOrEqual(2e-6 * scale);
    });
  });
});

it.each([
  [[{ class_name: 'UpSampling2D', config: { name: 'up', interpolation: 'bilinear' } }], 'up places pixels as Keras does'],
  [[masking(), { class_name: 'GlobalAveragePooling1D', config: { name: 'mean' } }], 'masks end at mean as in Keras'],
  [[{ class_name: 'GlobalAveragePooling1D', config: { name: 'mean' } }], undefined],
  [[{ class_name: 'UpSampling2D', config: { name: 'up', interpolation: 'nearest' } }], undefined],
])('what TensorFlow.js computes otherwise than Keras is said', async (layers, what) => {
  const shape = what?.startsWith('up') || layers[0].class_name === 'UpSampling2D' ? [null, 3, 4, 2] : [null, 3, 2];
  const input = { class_name: 'InputLayer', config: { name: 'x', batch_input_shape: shape } };
  const topology = { class_name: 'Sequential', config: { name: 's', layers: [input, ...layers] } };
  await withFolder(async at => {
    const model = join(at, 'model.json');
    writeFileSync(model, JSON.stringify({ format: 'layers-model', modelTopology: topology, weightsManifest: [] }));
    const { assumptions } = await runForward({ model, N: 2 });
    expect(assumptions.map(a => a.what)).toEqual(what === undefined ? [] : [what]);
  });
});

function masking() {
  return { class_name: 'Masking', config: { name: 'masking', mask_value: 0 } };
}
