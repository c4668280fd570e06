import { joined } from '../../src/formats/bytes/numbers.js';
import { memorySource } from '../../src/formats/source.js';
import { type Converted, checkConverted } from '../../src/run/convertCheck.js';
import { encode, inOneRow, runOutputs } from '../../src/run/encoded.js';
import { loadDescription } from '../../src/run/network/network.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import type { Weights } from '../../src/weights/weights.js';
import { randomStream } from '../helpers/randomNetworks.js';

const onnx = { framework: 'onnx', format: 'onnx', convention: 'onnx' } as const;

/** A network with weights of this size, an input for it, and what it is written as: with `fault` in every file. */
async function convertedOf(layers: string, size: number, fault: (weights: Weights) => Weights = w => w): Promise<Converted> {
  const network = await loadDescription({ layers, T: 40, D: 3 });
  const random = randomStream(7);
  const drawn = (shape: readonly number[], by: number): Tensor => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => by * (2 * random() - 1));
    return { shape, data };
  };
  const weights = new Map(
    network.shapes.layers.flatMap(l => l.weights.map(w => [`${l.layer.name}/${w.name}`, drawn(w.shape, size)] as const)),
  );
  return {
    model: network.model,
    weights,
    input: { x: drawn([2, 40, 3], 1) },
    encode: given => encode(onnx, { ...network, weights: fault(given) }, undefined),
  };
}

/** The number that the weights were divided by before the files gave the same, or the code of the refusal. */
async function checked(converted: Converted, theirs?: Float64Array): Promise<number | string> {
  const ours = inOneRow(await runOutputs(converted.model, converted.weights, converted.input)).data;
  const written = await converted.encode(converted.weights);
  const found = theirs ?? inOneRow(await written.y(memorySource(await joined(written.pieces)), converted.input)).data;
  return checkConverted(found, ours, 'read again', converted).catch(error => error.code);
}

/** Blocks i and j of the rows of every weight exchanged, or its numbers left out. */
const exchanged = (name: RegExp, gates: number, i: number, j: number) => (weights: Weights) =>
  changed(weights, name, (t, k) => {
    const units = t.shape[t.shape.length - 1] / gates;
    const row = k - (k % (units * gates));
    const gate = Math.floor((k % (units * gates)) / units);
    return t.data[row + (gate === i ? j : gate === j ? i : gate) * units + (k % units)];
  });
const without = (name: RegExp) => (weights: Weights) => changed(weights, name, () => 0);

function changed(weights: Weights, name: RegExp, value: (t: Tensor, k: number) => number): Weights {
  return new Map([...weights].map(([key, t]) => [key, name.test(key) ? { ...t, data: t.data.map((_, k) => value(t, k)) as never } : t]));
}

/** Networks, and a size of their weights under which rounding grows: hyperbolic tangents that are all 1 or -1 forget it. */
const NETWORKS = [
  ['rnn:20+seq,rnn:20', 1],
  ['lstm:20+seq,dense:3', 8],
  ['bigru:20,dense:2', 8],
] as const;

describe('a converted network', () => {
  it.each(NETWORKS)('%s that is steady is compared as it is', async layers => {
    const converted = await convertedOf(layers, 0.3);
    expect(await checked(converted)).toBe(1);
    const ours = inOneRow(await runOutputs(converted.model, converted.weights, converted.input)).data;
    const off = Float64Array.from(ours, (v, k) => (k === 0 ? v + 0.02 * Math.max(...ours.map(Math.abs)) : v));
    expect(await checked(converted, off)).toBe('E_CONVERT_CHECK');
  });

  it.each(NETWORKS)('%s in which rounding grows passes with smaller weights, whatever y is', async (layers, size) => {
    const converted = await convertedOf(layers, size);
    const ours = inOneRow(await runOutputs(converted.model, converted.weights, converted.input)).data;
    const exact = inOneRow(await runOutputs(converted.model, converted.weights, converted.input, { dtype: 'f64' })).data;
    expect(Math.max(...ours.map((v, k) => Math.abs(v - exact[k])))).toBeGreaterThan(1e-4);
    const divisor = await checked(
      converted,
      ours.map(v => -v),
    );
    expect(divisor).toBeGreaterThan(1);
  });

  it.each([
    ['rnn:20+seq,rnn:20', 'no bias', without(/bh$/)],
    ['rnn:20+seq,rnn:20', 'no bias in the second', without(/2\/bh$/)],
    ['lstm:20+seq,dense:3', 'the first two gates exchanged', exchanged(/W[xh]$|bh$/, 4, 0, 1)],
    ['lstm:20+seq,dense:3', 'two gates of one matrix exchanged', exchanged(/Wh$/, 4, 2, 3)],
    ['lstm:20+seq,dense:3', 'no bias', without(/bh$/)],
    ['bigru:20,dense:2', 'gates exchanged', exchanged(/W[xh]$|bh$/, 3, 0, 1)],
    ['bigru:20,dense:2', 'no bias of the dense layer', without(/bo$/)],
    ['bigru:20,dense:2', 'no backward recurrent weights', without(/backward\/Wh$/)],
  ])('%s in which rounding grows is refused with %s', async (layers, _, fault) => {
    expect(await checked(await convertedOf(layers, layers.startsWith('rnn') ? 1 : 8, fault))).toBe('E_CONVERT_CHECK');
  });

  it('may be NaN where ours are, and nowhere else', async () => {
    const converted = await convertedOf('rnn:2', 0.3);
    const ours = Float64Array.of(2, Number.NaN, 0.5);
    expect(await checkConverted(ours, ours, 'read again', converted)).toBe(1);
    await expect(checkConverted(ours, Float64Array.of(2, -4, 0.5), 'run by ONNX Runtime', converted)).rejects.toMatchObject({
      code: 'E_CONVERT_CHECK',
      kind: 'unsupported',
      message: 'run by ONNX Runtime, the written file gives different numbers, so it was not kept',
    });
  });
});

it('only a graph is run by ONNX Runtime', async () => {
  const converted = await convertedOf('rnn:2', 1);
  const network = await loadDescription({ layers: 'rnn:2', T: 40, D: 3 });
  const asKeras = await encode(
    { framework: 'keras', format: 'npz', convention: 'keras' },
    { ...network, weights: converted.weights },
    undefined,
  );
  expect([typeof (await converted.encode(converted.weights)).onnxruntime, typeof asKeras.onnxruntime]).toEqual(['function', 'undefined']);
});
