import { join } from 'node:path';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes } from '../../src/model/shapes.js';
import { runCompareFiles } from '../../src/run/comparing/compareFiles.js';
import { differentEquations } from '../../src/run/comparing/equations.js';
import { runForward } from '../../src/run/forward.js';
import type { Network } from '../../src/run/network/network.js';
import type { CompareRequest } from '../../src/run/request.js';
import type { CompareArraysResult, CompareModelsResult, CompareResult } from '../../src/run/result.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

const folder = temporaryFolder();
const file = (name: string) => join(__dirname, '..', 'reference', 'comparisons', name);
const networks = async (a: string, b: string, request: CompareRequest = {}) =>
  (await runCompareFiles([file(a), file(b)], request)) as CompareModelsResult;
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('was accepted');
    },
    ({ code, exit }) => ({ code, exit }),
  );

describe('two networks: equal weights are not equal networks', () => {
  it('beside huge numbers a weight is judged by its own size, and the one that differs is said', async () => {
    const small = Float64Array.from({ length: 15 }, (_, k) => Math.sin(k + 1));
    const arrays = (change: (v: number, k: number) => number) => ({
      arr_0: { shape: [3, 5], data: small },
      arr_1: { shape: [5, 5], data: Float64Array.from({ length: 25 }, (_, k) => Math.cos(k)) },
      arr_2: { shape: [5], data: small.subarray(0, 5) },
      arr_3: { shape: [5, 2], data: Float64Array.from({ length: 10 }, (_, k) => change(k % 2 === 0 ? 1e38 : Math.sin(k), k)) },
      arr_4: { shape: [2], data: small.subarray(0, 2) },
    });
    const [a, b] = await Promise.all(
      [arrays(v => v), arrays((v, k) => (k === 7 ? v + 1e-3 : v))].map(async (all, i) =>
        folder.write(`huge${i}.npz`, await bytesOf('npz', all)),
      ),
    );
    const { tensors, status } = (await runCompareFiles([a, b], {})) as CompareModelsResult;
    expect(status).toBe('DIFFERENT');
    expect(tensors.map(t => t.differing)).toEqual([0, 0, 0, 1, 0].map(count => ({ count, most: count ? [3, 1] : [] })));
  });

  it.each([
    ['ab_relu.keras', 'activation', 'h_t = o⊙relu(c_t)'],
    ['ab_hardsig.keras', 'gates', 'i = hard_sigmoid(x_t·Wx_i + h_{t−1}·Wh_i + b_i)'],
    ['ab_softmax.keras', 'head', 'y = softmax(z)'],
    ['ab_back.keras', 'direction', 't = T−1 … 0'],
    ['ab_maxpool.keras', 'pooling', 'the maximum of h_t over all steps'],
  ])('a state dict and %s', async (other, what, equation) => {
    const result = await networks('ab_base.safetensors', other);
    expect(result).toMatchObject({ status: 'DIFFERENT', equal: false, exit: 1, outputs: { equal: false } });
    expect(result.tensors.every(t => t.equal)).toBe(true);
    expect(result.equations.map(e => e.what)).toEqual([what]);
    expect(result.equations[0].second).toContain(equation);
    expect(result.assumptions.map(a => a.fact)).toEqual(expect.arrayContaining(['step']));
  });

  it('a GRU of PyTorch and one whose reset comes before the product', async () => {
    const result = await networks('c08.pt', 'c21_lbr0.onnx');
    expect(result).toMatchObject({ status: 'DIFFERENT', exit: 1 });
    expect(result.equations[0]).toEqual({
      layer: 'gru_1',
      what: 'reset',
      first: ["g = tanh(x_t·Wx_g + b_g + r⊙(h_{t−1}·Wh_g + b'_g))"],
      second: ['g = tanh(x_t·Wx_g + (r⊙h_{t−1})·Wh_g + b_g)'],
    });
    expect((await networks('c21_lbr1.onnx', 'c21_lbr0.onnx')).equations.map(e => e.what)).toEqual(['reset']);
  });

  it('a mask is a different network, by the equations and by masked steps in what is drawn', async () => {
    const result = await networks('ab_base.keras', 'ab_masking.keras');
    expect(result).toMatchObject({ status: 'DIFFERENT', outputs: { equal: false } });
    expect(result.equations).toMatchObject([{ what: 'mask', second: ['steps with x_t = 0 are left out'] }]);
  });

  it('a mask that stands in the graph as operators is said like a layer', () => {
    const network = (value: number | null) => {
      const op = (name: string, fields: object) => ({ kind: 'op', name, ...fields });
      const mask =
        value === null
          ? []
          : [
              op('equal', { inputs: ['x'], op: 'Equal', operands: [null, { type: 'float', shape: [], data: [value] }] }),
              op('not', { inputs: ['equal'], op: 'Not' }),
              op('float', { inputs: ['not'], op: 'Cast', attributes: { to: 1 } }),
              op('any', {
                inputs: ['float'],
                op: 'ReduceMax',
                operands: [null, { type: 'int', shape: [1], data: [-1] }],
                attributes: { keepdims: 0 },
              }),
            ];
      const gru = { kind: 'gru', name: 'g', units: 4, inputs: ['x'], ...(value === null ? {} : { mask: 'any' }) };
      const model = checkSpec({ schema: 'rnn-cli/spec@2', input: { name: 'x', features: 3, timesteps: 5 }, layers: [...mask, gru] });
      return { model, shapes: inferShapes(model) } as Network;
    };
    const words = (value: number) => [`steps with x_t = ${value} are left out`];
    const [none, zero, other] = [null, 0, -1].map(network);
    expect(differentEquations(none, zero)).toMatchObject([{ layer: 'g', what: 'mask', second: words(0) }]);
    expect(differentEquations(zero, other)).toMatchObject([{ what: 'mask', first: words(0), second: words(-1) }]);
    expect(differentEquations(zero, zero)).toEqual([]);
  });

  it('the epsilon of a normalisation and the activation of a convolution are said; epsilon as float32 keeps it is the same', () => {
    const network = (epsilon: number, activation: string) => {
      const conv = { kind: 'conv1d', name: 'c', filters: 4, kernelSize: [2], activation };
      const layers = [
        conv,
        { kind: 'gru', name: 'g', units: 5 },
        { kind: 'layernorm', name: 'n', epsilon },
        { kind: 'dense', name: 'd', units: 2 },
      ];
      const model = checkSpec({ schema: 'rnn-cli/spec@2', input: { name: 'x', features: 3, timesteps: 6 }, layers });
      return { model, shapes: inferShapes(model) } as Network;
    };
    const right = network(1e-3, 'relu');
    expect(differentEquations(right, network(1e-5, 'relu'))).toEqual([
      { layer: 'n', what: 'epsilon', first: ['epsilon = 0.001'], second: ['epsilon = 0.00001'] },
    ]);
    expect(differentEquations(right, network(1e-3, 'linear'))).toEqual([
      { layer: 'c', what: 'activation', first: ['y = relu(z)'], second: ['y = z'] },
    ]);
    expect(differentEquations(right, network(Math.fround(1e-3), 'relu'))).toEqual([]);
  });

  it.each([
    ['ab_relu', { layer: 'lstm', of: 'h', sample: 0, step: 0 }],
    ['ab_masking', { layer: 'lstm', of: 'h', sample: 0, step: 1 }],
    ['ab_maxpool', { layer: 'dense', of: 'input', sample: 0, step: null }],
    ['ab_softmax', { layer: 'dense', of: 'output', sample: 0, step: null }],
    ['ab_dropout', null],
  ])('the first number at which ab_base and %s part, layer by layer', async (other, first) => {
    const { outputs } = await networks('ab_base.keras', `${other}.keras`);
    expect(outputs.first).toEqual(first && { ...first, values: [expect.any(Number), expect.any(Number)] });
    if (outputs.first) expect(outputs.first.values[0]).not.toBeCloseTo(outputs.first.values[1], 4);
  });

  it.each(['lstm', 'gru'])('two biases of the same sum are one bias: %s', async cell => {
    const G = cell === 'lstm' ? 4 : 3;
    const M = 2;
    // of PyTorch's r z n the last block is multiplied by r, and is not only a sum
    const sums = cell === 'lstm' ? G * M : 2 * M;
    const values = (n: number, from: number) => Float32Array.from({ length: n }, (_, k) => Math.fround(Math.sin(from + k)));
    const file = async (exchanged: number) => {
      const [a, b] = [values(G * M, 1), values(G * M, 50)];
      for (let k = 0; k < exchanged; k++) [a[k], b[k]] = [b[k], a[k]];
      const arrays = {
        [`${cell}.weight_ih_l0`]: { shape: [G * M, 3], data: values(G * M * 3, 9) },
        [`${cell}.weight_hh_l0`]: { shape: [G * M, M], data: values(G * M * M, 70) },
        [`${cell}.bias_ih_l0`]: { shape: [G * M], data: a },
        [`${cell}.bias_hh_l0`]: { shape: [G * M], data: b },
      };
      return folder.write(`${cell}${exchanged}.safetensors`, await bytesOf('safetensors', arrays));
    };
    const own = await file(0);
    expect(await runCompareFiles([own, await file(sums)], {})).toMatchObject({ status: 'SAME' });
    if (cell === 'gru') expect(await runCompareFiles([own, await file(G * M)], {})).toMatchObject({ status: 'DIFFERENT' });
  });

  it('dropout is no difference, and the same file is the same', async () => {
    expect(await networks('ab_base.keras', 'ab_dropout.keras')).toMatchObject({ status: 'SAME', exit: 0, equations: [] });
    expect(await networks('ab_relu.keras', 'ab_relu.keras')).toMatchObject({ status: 'SAME', outputs: { maxAbs: 0 } });
  });

  it('a list of weights takes the description of the other file, which is said', async () => {
    const result = await networks('ab_base.npz', 'ab_relu.keras');
    expect(result).toMatchObject({ status: 'SAME', exit: 0 });
    expect(result.assumptions.map(a => a.fact)).toEqual(['description']);
    const [{ say }] = (await networks('ab_base.npz', 'ab_base.keras')).assumptions;
    expect(say).toMatch(/^--layers "\w+:/);
    expect(await failure(networks('ab_base.npz', 'ab_relu.keras', { strict: true }))).toEqual({ code: 'E_ASSUMED', exit: 3 });
  });

  it('-i, --atol and --strict-finite are used', async () => {
    const input = folder.write('x.csv', '0,0,0\n0,0,0\n');
    const result = await networks('ab_base.keras', 'ab_relu.keras', { input });
    expect(result.outputs.input).toEqual({ shape: [1, 2, 3], seed: null, source: input });
    const nan = folder.write('nan.csv', 'nan,0,0\n0,0,0\n');
    expect(await failure(networks('ab_base.keras', 'ab_relu.keras', { input: nan, strictFinite: true }))).toMatchObject({
      code: 'E_NOT_FINITE',
    });
  });

  it('flags that can do nothing there are refused', async () => {
    for (const request of [
      { against: 'y.npy' },
      { engines: ['manual', 'batched'] },
      { simulate: 'state-carry' },
      { engine: 'manual' },
      { weights: 'w.npz' },
      { init: 'torch' },
    ] as CompareRequest[])
      expect(await failure(networks('ab_base.keras', 'ab_relu.keras', request))).toEqual({ code: 'E_CONFLICT', exit: 2 });
  });
});

describe('two arrays', () => {
  const arrays = async (a: Record<string, number[]>, b: Record<string, number[]>, request: CompareRequest = {}, single = true) => {
    const write = async (name: string, all: Record<string, number[]>) =>
      folder.write(
        name,
        await bytesOf(
          'npz',
          Object.fromEntries(
            Object.entries(all).map(([key, v]) => [key, { shape: [v.length], data: single ? Float32Array.from(v) : Float64Array.from(v) }]),
          ),
        ),
      );
    return (await runCompareFiles([await write('a.npz', a), await write('b.npz', b)], request)) as CompareArraysResult;
  };

  it('float32: 1e-5 + 1.3e-6·|e|; float64: 1e-7 + 1e-7·|e|', async () => {
    expect(await arrays({ y: [1, 100] }, { y: [1.00001, 100.0001] })).toMatchObject({ status: 'SAME', exit: 0 });
    expect(await arrays({ y: [1, 100] }, { y: [1.00002, 100] })).toMatchObject({
      status: 'DIFFERENT',
      exit: 1,
      arrays: [{ mismatched: 1 }],
    });
    expect(await arrays({ y: [1, 1] }, { y: [1.00000015, 1] }, {}, false)).toMatchObject({ status: 'SAME' });
    expect(await arrays({ y: [1, 1] }, { y: [1.0000003, 1] }, {}, false)).toMatchObject({ status: 'DIFFERENT' });
  });

  it('a tolerance of one’s own, names that one file lacks, NaN by place', async () => {
    expect(await arrays({ y: [1] }, { y: [1.5] }, { atol: 0.6 })).toMatchObject({ status: 'SAME', arrays: [{ atol: 0.6, rtol: 0 }] });
    for (const [rtol, status] of [
      [0.3, 'DIFFERENT'],
      [0.5, 'SAME'],
    ] as const)
      expect(await arrays({ y: [1, 2] }, { y: [1, 3] }, { rtol })).toMatchObject({ status });
    expect(await arrays({ y: [1], h: [2] }, { y: [1] })).toMatchObject({
      status: 'DIFFERENT',
      arrays: [{ equal: true }, { equal: false, second: null }],
    });
    expect(await arrays({ y: [NaN, Infinity] }, { y: [NaN, Infinity] })).toMatchObject({ status: 'SAME' });
    expect(await arrays({ y: [NaN, 1] }, { y: [1, NaN] })).toMatchObject({ status: 'DIFFERENT', arrays: [{ mismatched: 2 }] });
  });

  it('flags of networks are refused', async () => {
    expect(await failure(arrays({ y: [1] }, { y: [1] }, { M: [5] }))).toEqual({ code: 'E_CONFLICT', exit: 2 });
    expect(await failure(arrays({ y: [1] }, { y: [1] }, { seed: '1' }))).toEqual({ code: 'E_CONFLICT', exit: 2 });
  });
});

describe('a network and an array', () => {
  it('are compared as with --against, whichever comes first', async () => {
    const input = folder.write('one.csv', '1,2,3\n0,1,0\n'.repeat(4));
    const { tensors } = await runForward({ model: file('ab_base.keras'), input });
    const y = folder.write('y.npy', await bytesOf('npy', { npy: { shape: tensors.y.shape, data: Float64Array.from(tensors.y.data) } }));
    const run = async (a: string, b: string) => (await runCompareFiles([a, b], { input })) as CompareResult;
    expect(await run(file('ab_base.keras'), y)).toMatchObject({ status: 'SAME', sides: { expected: 'batched', actual: y } });
    const swapped = await run(y, file('ab_relu.keras'));
    expect(swapped).toMatchObject({ status: 'DIFFERENT', sides: { actual: y } });
    expect(swapped.notes[0]).toContain('is the network');
  });
});
