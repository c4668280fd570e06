import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownInitializers } from '../../src/conventions/keras/initializers.js';
import { runForward } from '../../src/run/forward.js';
import { withFolder } from '../helpers/inputFile.js';

const own = (config: object) => ownInitializers({ layers: [{ class_name: 'Dense', config: { name: 'd', ...config } }] });
const of = (class_name: string, config = {}) => ({ module: 'keras.initializers', class_name, config: { seed: null, ...config } });

it('defaults of Keras 3 and 2 are nothing of their own', () => {
  expect(own({ kernel_initializer: of('GlorotUniform'), bias_initializer: of('Zeros'), beta_initializer: 'zeros' })).toEqual([]);
  expect(own({ recurrent_initializer: of('Orthogonal', { gain: 1 }), gamma_initializer: of('Ones') })).toEqual([]);
  expect(own({ kernel_initializer: of('VarianceScaling', { scale: 1, mode: 'fan_avg', distribution: 'uniform' }) })).toEqual([]);
  expect(own({ embeddings_initializer: of('RandomUniform', { minval: -0.05, maxval: 0.05 }) })).toEqual([]);
});

it('others are named with their layer, also inside wrappers, and defaults with a seed of their own', () => {
  expect(own({ kernel_initializer: of('HeNormal') })).toEqual(['d: kernel_initializer HeNormal']);
  expect(own({ bias_initializer: of('Ones'), recurrent_initializer: of('GlorotUniform') })).toEqual([
    'd: bias_initializer Ones',
    'd: recurrent_initializer GlorotUniform',
  ]);
  expect(own({ kernel_initializer: of('GlorotUniform', { seed: 3 }) })).toHaveLength(1);
  expect(own({ embeddings_initializer: of('RandomUniform', { minval: -1, maxval: 1 }) })).toHaveLength(1);
  expect(own({ layer: { config: { name: 'inner', kernel_initializer: of('HeNormal') } } })).toEqual(['inner: kernel_initializer HeNormal']);
});

describe('--rng keras of a description', () => {
  const run = (layer: { class_name: string; config: object }, shape: readonly number[], rng?: 'keras') =>
    withFolder(async at => {
      const first = { class_name: layer.class_name, config: { name: 'a', batch_input_shape: [null, ...shape], ...layer.config } };
      writeFileSync(join(at, 'a.json'), JSON.stringify({ class_name: 'Sequential', config: { name: 'm', layers: [first] } }));
      return runForward({ model: join(at, 'a.json'), rng, T: undefined });
    });

  it('is refused where an initialiser is not the default, and any other stream is not', async () => {
    const layer = { class_name: 'Dense', config: { units: 2, kernel_initializer: of('HeNormal') } };
    await expect(run(layer, [4], 'keras')).rejects.toMatchObject({ code: 'E_RNG_INIT', exit: 3, where: 'a: kernel_initializer HeNormal' });
    expect((await run(layer, [4])).shape).toEqual([1, 2]);
  });

  it('is refused where it is not known which seeds a layer draws; other streams fill windows of any shape', async () => {
    const layer = { class_name: 'ConvLSTM1D', config: { filters: 2, kernel_size: [3], padding: 'same' } };
    await expect(run(layer, [3, 5, 1], 'keras')).rejects.toMatchObject({ code: 'E_RNG_LAYER', where: 'a' });
    expect((await run(layer, [3, 5, 1])).shape).toEqual([1, 5, 2]);
  });
});
