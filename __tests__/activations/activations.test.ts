import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ActivationSpec } from '../../src/activations/activation.js';
import { activate, activations, canonicalActivation, cellFunction, formatActivation, getActivation } from '../../src/activations/index.js';
import { RnnError } from '../../src/errors.js';

function reference(path: string) {
  return JSON.parse(readFileSync(join(__dirname, '../reference', path), 'utf8'));
}

/** 'gelu(approximate=True)' or 'elu alpha=0.3' -> {"name": "gelu", "approximate": true} */
function parse(text: string): ActivationSpec {
  const [name, ...pairs] = text.split(/[(), ]+/).filter(Boolean);
  const value = (v: string) => (/^true$/i.test(v) ? true : Number(v));
  return { name, ...Object.fromEntries(pairs.map(pair => [pair.split('=')[0], value(pair.split('=')[1])])) };
}

/** Largest |difference| − rtol·|expected|, with the place. */
function worst(f: (x: number) => number, xs: readonly number[], ys: readonly number[], rtol: number): { excess: number; x: number } {
  let most = { excess: 0, x: Number.NaN };
  xs.forEach((x, i) => {
    const excess = Math.abs(f(x) - ys[i]) - rtol * Math.abs(ys[i]);
    if (!(excess <= most.excess)) most = { excess, x };
  });
  return most;
}

const keras = reference('keras_extra/activations.json');
const torch = reference('torch_activations/activations.json');

const elementwise = (spec: ActivationSpec) => cellFunction(spec) as (x: number) => number;

describe(`Keras ${keras.version}`, () => {
  it.each(Object.keys(keras.activations))('%s gives the same numbers', name => {
    expect(worst(elementwise(parse(name)), keras.x, keras.activations[name].y, 1e-6).excess).toBeLessThan(1e-6);
  });

  it.each(Object.keys(keras.activations).filter(name => !name.includes('(')))('%s is serialised by the same name', name => {
    expect(getActivation(name).activation.keras).toBe(keras.activations[name].serialized_as);
  });
});

describe(`PyTorch ${torch.version} in double precision`, () => {
  it.each(Object.keys(torch.elementwise))('%s gives the same numbers', name => {
    expect(worst(elementwise(parse(name)), torch.x, torch.elementwise[name], 2e-13).excess).toBeLessThan(1e-15);
  });

  it.each(['softmax', 'log_softmax'])('%s gives the same rows', name => {
    const x = torch.rows.flat();
    const y = new Float64Array(x.length);
    activate(name, x, 4, y);
    torch[name].flat().forEach((expected: number, i: number) => {
      expect(Math.abs(y[i] - expected)).toBeLessThanOrEqual(1e-14 * Math.max(1, Math.abs(expected)));
    });
  });
});

describe('definitions of ONNX, tfjs and Keras 2', () => {
  // biome-ignore format: one case to a line
  it.each<[ActivationSpec, number, number]>([
    ['hard_sigmoid_keras2', 1, 0.7], ['hard_sigmoid_keras2', 2.5, 1], ['hard_sigmoid_keras2', -2.5, 0], ['hard_sigmoid_keras2', -2, 0.09999999999999998],
    ['hard_sigmoid', 1, 2 / 3],
    [{ name: 'hard_sigmoid_keras2', alpha: 0.5, beta: 0.25 }, 1, 0.75],
    ['affine', 3, 3], [{ name: 'affine', alpha: 2, beta: -1 }, 3, 5],
    ['thresholded_relu', 1, 0], ['thresholded_relu', 1.25, 1.25], [{ name: 'thresholded_relu', theta: 0.5 }, 0.75, 0.75],
    ['scaled_tanh', 0.5, 0.46211715726000979], [{ name: 'scaled_tanh', alpha: 1.5, beta: 2 }, 0.25, 1.5 * 0.46211715726000979],
    [{ name: 'leaky_relu', negative_slope: 0.01 }, -2, -0.02], ['leaky_relu', -2, -0.4],
    ['threshold', -1, 0], ['threshold', 2, 2],
  ])('%j of %d is %d', (spec, x, y) => {
    expect(elementwise(spec)(x)).toBeCloseTo(y, 15);
  });

  it('lists ONNX defaults apart from ours where they differ', () => {
    expect(getActivation('leaky_relu').activation.onnxParameters).toEqual([{ name: 'negative_slope', default: 0.01 }]);
    expect(getActivation('leaky_relu').parameters).toEqual({ negative_slope: 0.2 });
  });
});

it('relu of many numbers is that of each, to the sign of zero', () => {
  const inf = Number.POSITIVE_INFINITY;
  const numbers = [1, -1, 0, -0, inf, -inf, Number.NaN, -Number.NaN, 3.4e38, -3.4e38, 1e-45, -1e-45];
  for (const x of [Float32Array.from(numbers), Float64Array.from(numbers)]) {
    const y = x.slice();
    activate('relu', x, x.length, y);
    expect([...y]).toEqual([...x].map(v => Math.max(v, 0)));
    activate('relu', x, x.length, x);
    expect(x).toEqual(y);
  }
});

describe('sparsemax', () => {
  // the paper has 0.4667, 0.3667, 0.1667 for the first, with the last of the sums alone
  it('takes the sums of the largest together, as Keras does', () => {
    const y = [0, 0, 0, 0];
    activate('sparsemax', [0.6, 0.5, 0.3, -1], 4, y); // tau = (0.6 + 1.1 + 1.4 - 1)/3
    expect(y).toEqual([0, 0, 0, 0]);
    activate('sparsemax', [0.8, -0.1, 0, -1], 4, y); // tau = (0.8 + 0.8 - 1)/2
    [0.5, 0, 0, 0].forEach((expected, i) => {
      expect(y[i]).toBeCloseTo(expected, 12);
    });
    activate('sparsemax', [5, 1, 0, 0], 4, y);
    expect(y).toEqual([1, 0, 0, 0]);
  });
});

describe('edges', () => {
  const inf = Number.POSITIVE_INFINITY;
  const single = activations.filter(a => a.kind === 'elementwise').map(a => a.name);

  it.each(single)('%s passes NaN on', name => {
    expect(elementwise(name)(Number.NaN)).toBeNaN();
  });

  it.each(single)('%s has a value at zeros, infinities and huge numbers', name => {
    for (const x of [0, -0, inf, -inf, 1.7e308, -1.7e308, 5e-324]) expect(elementwise(name)(x)).not.toBeNaN();
  });

  // limits at −∞ and +∞, from the formulas
  // biome-ignore format: one case to a line
  it.each<[string, number, number]>([
    ['tanh', -1, 1], ['sigmoid', 0, 1], ['relu', 0, inf], ['linear', -inf, inf], ['hard_sigmoid', 0, 1], ['hard_sigmoid_keras2', 0, 1],
    ['elu', -1, inf], ['selu', -1.0507009873554805 * 1.6732632423543772, inf], ['celu', -1, inf], ['softplus', 0, inf], ['softsign', -1, 1],
    ['gelu', -0, inf], ['gelu_tanh', -0, inf], ['silu', -0, inf], ['hard_silu', -0, inf], ['mish', -0, inf], ['exponential', 0, inf], ['relu6', 0, 6],
    ['leaky_relu', -inf, inf], ['thresholded_relu', 0, inf], ['threshold', 0, inf], ['log_sigmoid', -inf, -0], ['hard_tanh', -1, 1],
    ['tanh_shrink', -inf, inf], ['soft_shrink', -inf, inf], ['hard_shrink', -inf, inf], ['sparse_plus', 0, inf], ['sparse_sigmoid', 0, 1],
    ['squareplus', 0, inf], ['affine', -inf, inf], ['scaled_tanh', -1, 1],
  ])('%s goes from %d to %d', (name, low, high) => {
    expect([elementwise(name)(-inf), elementwise(name)(inf)]).toEqual([low, high]);
  });

  it.each(['tanh', 'linear', 'softsign', 'hard_tanh', 'elu', 'celu', 'selu'])('%s keeps the sign of zero', name => {
    expect([elementwise(name)(0), elementwise(name)(-0)]).toEqual([0, -0]);
  });

  it('keeps the digits of left tails', () => {
    expect(elementwise('gelu')(-8) / -4.976768459417427e-15).toBeCloseTo(1, 12); // mpmath: -4*erfc(8/sqrt(2))
    expect(elementwise('squareplus')(-1e8) / 1e-8).toBeCloseTo(1, 12);
    expect(elementwise('log_sigmoid')(40) / -4.248354255291589e-18).toBeCloseTo(1, 12);
  });

  it('softmax of a NaN or +∞ is NaN, of −∞ is 0', () => {
    const y = [0, 0];
    activate('softmax', [Number.NaN, 1], 2, y);
    expect(y).toEqual([Number.NaN, Number.NaN]);
    activate('softmax', [-inf, 1], 2, y);
    expect(y).toEqual([0, 1]);
    activate('softmax', [inf, 1], 2, y);
    expect(y[0]).toBeNaN();
    activate('sparsemax', [inf, 1], 2, y);
    expect(y[0]).toBeNaN();
  });
});

describe('the registry', () => {
  it('has unique names and aliases', () => {
    const names = activations.flatMap(a => [a.name, ...(a.aliases ?? [])]);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(activations.map(a => a.name))('%s refuses a parameter it does not have', name => {
    expect(() => getActivation({ name, slope_of_nothing: 1 })).toThrow(
      expect.objectContaining({ code: 'E_ACTIVATION_PARAMETER', exit: 3 }),
    );
  });

  it.each(['swish', 'hard_swish', null])('resolves the alias %s', alias => {
    expect(canonicalActivation(alias)).toBe(alias === null ? 'linear' : alias.replace('swish', 'silu'));
  });

  it('drops parameters that have their default', () => {
    expect(canonicalActivation({ name: 'relu', max_value: null, threshold: 0 })).toBe('relu');
    expect(canonicalActivation({ name: 'relu', max_value: 6, threshold: 0 })).toEqual({ name: 'relu', max_value: 6 });
    expect(formatActivation({ name: 'relu', max_value: 6, negative_slope: 0.5 })).toBe('relu(negative_slope=0.5, max_value=6)');
    expect(formatActivation('swish')).toBe('silu');
  });

  // biome-ignore format: one case to a line
  it.each<[ActivationSpec, string, RegExp]>([
    ['tanhh', 'E_UNKNOWN_ACTIVATION', /unknown activation 'tanhh'/],
    ['\u001b[31m', 'E_UNKNOWN_ACTIVATION', /unknown activation '\\u001b\[31m'/],
    [{ name: 'relu', max_valu: 6 }, 'E_ACTIVATION_PARAMETER', /relu has no parameter 'max_valu'/],
    [{ name: 'relu', max_value: '6' }, 'E_ACTIVATION_PARAMETER', /parameter 'max_value' of relu has a wrong value/],
    [{ name: 'relu', threshold: null }, 'E_ACTIVATION_PARAMETER', /parameter 'threshold'/],
    [{ name: 'relu', threshold: Number.NaN }, 'E_ACTIVATION_PARAMETER', /parameter 'threshold'/],
    [{ name: 'gelu', approximate: 1 }, 'E_ACTIVATION_PARAMETER', /parameter 'approximate'/],
    [{ name: 'celu', alpha: 0 }, 'E_ACTIVATION_PARAMETER', /celu divides by alpha/],
  ])('refuses %j', (spec, code, message) => {
    let caught: unknown;
    try {
      cellFunction(spec);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(RnnError);
    expect(caught).toMatchObject({ code, message: expect.stringMatching(message), fix: expect.any(String), expected: expect.any(String) });
  });

  it('suggests the nearest name', () => {
    expect(() => getActivation('sigmiod')).toThrow(expect.objectContaining({ fix: "did you mean 'sigmoid'?" }));
    expect(() => getActivation({ name: 'elu', alhpa: 1 })).toThrow(expect.objectContaining({ fix: "did you mean 'alpha'?" }));
  });

  it('activates in place, either kind', () => {
    const x = Float64Array.of(-1, 2, 3, 3);
    activate('relu', x, 2, x);
    expect([...x]).toEqual([0, 2, 3, 3]);
    activate('softmax', x, 2, x);
    expect(x[2]).toBe(0.5);
    expect(x[0] + x[1]).toBeCloseTo(1, 15);
  });
});
