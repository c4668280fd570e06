import { differentEquations } from '../../src/run/comparing/equations.js';
import { differentOptions } from '../../src/run/comparing/layerOptions.js';
import { networkInMemory, runInMemory } from '../../src/run/inMemory.js';

/** Layers between x [N, 9, 4] and an LSTM, of each network; what is said of them, `layer: first | second`. */
async function said(first: readonly object[], second: readonly object[]): Promise<string[]> {
  const spec = (layers: readonly object[]) => ({
    schema: 'rnn-cli/spec@2',
    input: { name: 'x', features: 4, timesteps: 9 },
    layers: [...layers, { kind: 'lstm', name: 'l', units: 3 }, { kind: 'dense', name: 'd', units: 2 }],
  });
  const [run, other] = [await runInMemory({ spec: spec(first), N: 2 }), await networkInMemory({ spec: spec(second) })];
  const equations = differentEquations(run.network, other);
  const rows = differentOptions(run.network, other, equations, run);
  return rows.map(({ layer, what, first, second }) => `${what} of ${layer}: ${first.join(', ')} | ${second.join(', ')}`);
}

const conv = (fields: object) => ({ kind: 'conv1d', name: 'c', filters: 4, kernelSize: [3], padding: 'same', ...fields });
const heads = (fields: object) => ({ kind: 'multiheadattention', name: 'a', inputs: ['x', 'x'], heads: 2, units: 3, ...fields });

describe('options in which layers of two networks differ', () => {
  it.each<[object, object, string]>([
    [conv({}), conv({ padding: 'valid' }), "option of c: padding='same' | padding='valid'"],
    [conv({}), conv({ padding: 'causal' }), "option of c: padding='same' | padding='causal'"],
    [conv({}), conv({ strides: [2] }), 'option of c: strides=1 | strides=2'],
    [conv({ dilation: [2] }), conv({}), 'option of c: dilation_rate=2 | dilation_rate=1'],
    [
      { kind: 'maxpool1d', name: 'p', poolSize: [2], strides: [2] },
      { kind: 'maxpool1d', name: 'p', poolSize: [3], strides: [2] },
      'option of p: pool_size=2 | pool_size=3',
    ],
    [
      { kind: 'maxpool1d', name: 'p', poolSize: [2] },
      { kind: 'avgpool1d', name: 'p', poolSize: [2] },
      'layer of p: MaxPooling1D | AveragePooling1D',
    ],
    [heads({}), heads({ heads: 3, units: 2 }), 'option of a: num_heads=2, key_dim=3 | num_heads=3, key_dim=2'],
    [heads({}), heads({ causal: true }), 'option of a: use_causal_mask=False | use_causal_mask=True'],
    [
      { kind: 'layernorm', name: 'n', axis: [-1], center: false, scale: false },
      { kind: 'layernorm', name: 'n', axis: [1, 2], center: false, scale: false },
      'option of n: axis=-1 | axis=(1, 2)',
    ],
    [
      { kind: 'activation', name: 'r', activation: { name: 'leaky_relu', negative_slope: 0.3 } },
      { kind: 'activation', name: 'r', activation: { name: 'leaky_relu', negative_slope: 0.01 } },
      "option of r: activation='leaky_relu(negative_slope=0.3)' | activation='leaky_relu(negative_slope=0.01)'",
    ],
  ])('%j and %j', async (first, second, words) => {
    expect(await said([first], [second])).toEqual([words]);
  });

  it('what gives the same numbers is no difference: the padding of a window of one, zeros in another way', async () => {
    const point = { kernelSize: [1] };
    expect(await said([conv(point)], [conv({ ...point, padding: 'valid' })])).toEqual([]);
    expect(await said([conv({ strides: [1] })], [conv({})])).toEqual([]);
  });

  it('a layer that only one has is said, dropout is none, and what the equations say is not said again', async () => {
    const norm = { kind: 'unitnorm', name: 'u' };
    expect(await said([conv({}), norm], [conv({})])).toEqual(['layer of u: UnitNormalization | no such layer']);
    expect(await said([conv({})], [norm, conv({})])).toEqual(['layer of u: no such layer | UnitNormalization']);
    expect(await said([conv({}), { kind: 'dropout', name: 'o', rate: 0.5 }], [conv({})])).toEqual([]);
    expect(await said([conv({ activation: 'relu' })], [conv({})])).toEqual([]);
    expect(await said([conv({})], [conv({}), { kind: 'activation', name: 'r', activation: 'relu' }])).toEqual([]);
  });

  it('of networks that are written in different ways layers are not set against each other', async () => {
    const four = ['unitnorm', 'permute', 'unitnorm', 'permute'].map((kind, i) => ({
      kind,
      name: `k${i}`,
      ...(kind === 'permute' && { dims: [2, 1] }),
    }));
    expect(await said([conv({}), ...four], [conv({})])).toEqual([]);
  });
});
