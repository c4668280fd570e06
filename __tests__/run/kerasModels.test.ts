import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readZip } from '../../src/formats/bytes/zip.js';
import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import { memorySource } from '../../src/formats/source.js';
import { runForward } from '../../src/run/forward.js';
import { readArrays } from '../../src/run/input/input.js';
import { runShapes } from '../../src/run/shapes.js';
import { flat } from '../helpers/files.js';
import { withFolder } from '../helpers/inputFile.js';
import { editedKeras } from '../helpers/kerasFile.js';

/** Models that Keras 3.15 saved, each with inputs and what Keras computes from them: wiring, operators, masks, attention. */
const folder = join(__dirname, '..', 'reference', 'keras_models');
const cases = readdirSync(folder)
  .filter(name => /\.(keras|h5)$/.test(name))
  .map(name => name.replace(/\.(keras|h5)$/, ''));

it('there are models to run', () => {
  expect(cases.length).toBeGreaterThan(25);
});

it.each(cases)('%s gives every output that Keras gave', async name => {
  const path = (ending: string) => join(folder, name + ending);
  const { tensors } = await readArrays(path('.y.npz'), []);
  const recorded = [...tensors.values()];
  const model = existsSync(path('.keras')) ? path('.keras') : path('.h5');
  const input = existsSync(path('.x.npz')) ? path('.x.npz') : path('.x.npy');
  for (const engine of ['batched', 'manual'] as const) {
    const { outputs } = await runForward({ model, input, engine });
    expect(outputs.map(o => o.shape)).toEqual(recorded.map(t => t.shape));
    outputs.forEach((output, i) => {
      const scale = Math.max(...recorded[i].data.map(Math.abs));
      const differences = flat(output.y).map((v, k) => Math.abs(v - recorded[i].data[k]));
      expect(Math.max(...differences)).toBeLessThanOrEqual(2e-6 * scale);
    });
  }
});

it('weights of 8 bits beside a description are those of the whole file', async () => {
  const model = join(folder, 'quantize_int8.keras');
  const input = join(folder, 'quantize_int8.x.npy');
  const members = readZip(memorySource(readFileSync(model)), DEFAULT_LIMITS, []);
  const content = (name: string) => Buffer.from(members.find(m => m.name === name)!.read());
  await withFolder(async at => {
    writeFileSync(join(at, 'net.json'), content('config.json'));
    writeFileSync(join(at, 'net.weights.h5'), content('model.weights.h5'));
    const apart = await runForward({ model: join(at, 'net.json'), weights: join(at, 'net.weights.h5'), input });
    expect(apart.y).toEqual((await runForward({ model, input })).y);
  });
});

it('a policy of 16 bits is run in float32, and said', async () => {
  const policy = { class_name: 'DTypePolicy', config: { name: 'mixed_bfloat16' } };
  const bytes = await editedKeras('functional_chain', config => {
    config.config.layers[1].config.dtype = policy;
  });
  await withFolder(async at => {
    writeFileSync(join(at, 'a.keras'), bytes);
    const { assumptions } = await runForward({ model: join(at, 'a.keras') });
    expect(assumptions).toMatchObject([{ fact: 'precision', value: 'float32', why: 'their policy is bfloat16' }]);
    await expect(runForward({ model: join(at, 'a.keras'), strict: true })).rejects.toMatchObject({ code: 'E_ASSUMED' });
  });
});

it('a function of TensorFlow that is not known is refused by name, and every other layer is still shown', async () => {
  const text = readFileSync(join(folder, 'tf_functions.h5'), 'latin1').replace('"function": "math.tanh"', '"function": "math.tan0"');
  await withFolder(async at => {
    const model = join(at, 'a.h5');
    writeFileSync(model, text, 'latin1');
    await expect(runForward({ model })).rejects.toMatchObject({ code: 'E_KERAS_CLASS', found: 'tf.math.tan0' });
    const { layers, notes } = await runShapes({ model });
    expect([layers[0].params, layers.filter(l => l.kind === 'unknown').map(l => l.name)]).toEqual([264, ['th', 'ca', 'ma']]);
    expect(notes.filter(n => n.startsWith('not run'))).toHaveLength(1);
  });
});

it('what is not run inside a model is named once, with all others', async () => {
  const own = (name: string) => ({ class_name: 'Own', config: { name } });
  const inner = { class_name: 'Sequential', config: { name: 'inner', layers: [{ class_name: 'Dense', config: { units: 2 } }, own('a')] } };
  const layers = [{ class_name: 'InputLayer', config: { batch_shape: [null, 4, 3], name: 'x' } }, inner, own('b')];
  await withFolder(async at => {
    writeFileSync(join(at, 'm.json'), JSON.stringify({ class_name: 'Sequential', config: { name: 'm', layers } }));
    const failed = await runForward({ model: join(at, 'm.json') }).catch(error => error);
    expect(failed.message.match(/Own is not supported/g)).toHaveLength(2);
    expect(failed.where).toContain('layer a');
    expect(failed.message).toContain('layer b');
  });
});
