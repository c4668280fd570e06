import { concatLast, sliceLast, transpose } from '../../tensor/layout.js';
import { reshape, sameShape, type Tensor } from '../../tensor/tensor.js';
import type { NamedArray } from '../namedArray.js';

/**
 * Converts the arrays of an older recurrent layer to the current form: kernel [D, G·M], recurrent_kernel [M, G·M], bias [G·M] or [2, G·M], with
 * the forward direction before the backward one.
 *
 * Keras 1 has W [D, M], U [M, M], b [M] for each gate: LSTM i, c, f, o, GRU z, r, h.
 * CuDNNLSTM and CuDNNGRU have a bias [2·G·M], the input's before the recurrent one, and every gate's matrix in cuDNN's layout: U transposed,
 * W transposed and read in column-major order (keras/src/engine/saving.py of Keras 2.2, _convert_rnn_weights).
 *
 * Both are recognised by their shapes, which no other layer has. Anything else is returned unchanged.
 */
export function modernArrays(arrays: readonly NamedArray[]): readonly NamedArray[] {
  const [ways, gates] = perGate(arrays);
  if (gates > 0) return inWays(arrays, ways).flatMap(way => fusedGates(way, gates));
  if (arrays.length === 3 || arrays.length === 6) return inWays(arrays, arrays.length / 3).flatMap(fromCudnn);
  return arrays;
}

/** Whether a layer of Keras 1 has these arrays: its gates' default activation is another one. */
export function isKeras1(arrays: readonly NamedArray[]): boolean {
  return perGate(arrays)[1] > 0;
}

const NO_GATES = [0, 0] as const;
const NEWER_NAME = /\/(recurrent_)?kernel(:0)?$/;

/** Returns the numbers of directions and gates of a layer with separate arrays for each gate; 0, 0 for any other. */
function perGate(arrays: readonly NamedArray[]): readonly [number, number] {
  const [ways, gates] = ({ 12: [1, 4], 24: [2, 4], 9: [1, 3], 18: [2, 3] } as const)[arrays.length] ?? NO_GATES;
  // several layers of a model inside the model have as many, under newer names
  if (gates === 0 || arrays.some(({ name }) => NEWER_NAME.test(name))) return NO_GATES;
  const [first] = arrays;
  const M = first.tensor.shape[1];
  if (first.tensor.shape.length !== 2) return NO_GATES;
  const expected = [first.tensor.shape, [M, M], [M]];
  return arrays.every((a, i) => sameShape(a.tensor.shape, expected[i % 3])) ? [ways, gates] : NO_GATES;
}

function inWays(arrays: readonly NamedArray[], ways: number): NamedArray[][] {
  const each = arrays.length / ways;
  return Array.from({ length: ways }, (_, way) => arrays.slice(way * each, (way + 1) * each));
}

/** Gates in the order in which Keras 1 lists them, and in that of their columns since Keras 2. */
const GATES: Readonly<Record<number, { readonly listed: string; readonly columns: string }>> = {
  3: { listed: 'zrh', columns: 'zrh' },
  4: { listed: 'icfo', columns: 'ifco' },
};

function fusedGates(arrays: readonly NamedArray[], gates: number): NamedArray[] {
  const { listed, columns } = GATES[gates];
  // names end in _W_i, _U_i, _b_i; where they do not, the order is that of get_weights()
  const nameOf = (i: number) => `${'WUb'[i % 3]}_${listed[Math.floor(i / 3)]}`;
  const byName = arrays.every(a => /_[WUb]_[a-z](:0)?$/.test(a.name));
  const find = (role: string) =>
    (byName ? arrays.find(a => a.name.replace(/:0$/, '').endsWith(`_${role}`)) : undefined) ?? arrays.find((_, i) => nameOf(i) === role)!;
  return (['kernel', 'recurrent_kernel', 'bias'] as const).map((name, i) => {
    const parts = [...columns].map(gate => find(`${'WUb'[i]}_${gate}`));
    return { name: `${parts[0].name.replace(/_[WUb]_[a-z](:0)?$/, '')}/${name}`, tensor: concatLast(parts.map(p => p.tensor)) };
  });
}

/** Converts three arrays of one direction from cuDNN's layout, which is recognised by a bias twice as long as the gates are wide. */
function fromCudnn(arrays: readonly NamedArray[]): readonly NamedArray[] {
  if (arrays.length < 3) return arrays;
  const [kernel, recurrent, bias] = arrays.map(a => a.tensor);
  const [M, width] = recurrent.shape;
  const gates = width / M;
  // a separable convolution has three arrays, too
  if (recurrent.shape.length !== 2 || ![3, 4].includes(gates) || kernel.shape[1] !== width || !sameShape(bias.shape, [2 * width]))
    return arrays;
  const named = (i: number, tensor: Tensor) => ({ name: arrays[i].name, tensor });
  return [
    named(0, gateByGate(kernel, gates, readByColumns)),
    named(1, gateByGate(recurrent, gates, transpose)),
    named(2, biasOf(bias, gates)),
  ];
}

function gateByGate(t: Tensor, gates: number, change: (block: Tensor) => Tensor): Tensor {
  const M = t.shape[1] / gates;
  return concatLast(Array.from({ length: gates }, (_, g) => change(sliceLast(t, g * M, (g + 1) * M))));
}

/** K.T.reshape(K.shape, order='F') of K [D, M]: its numbers, row by row, fill the columns. */
function readByColumns(block: Tensor): Tensor {
  return transpose(reshape(block, [block.shape[1], block.shape[0]]));
}

/** [2·G·M]: an LSTM's two biases are added, a GRU's stay two rows (reset_after). */
function biasOf(bias: Tensor, gates: number): Tensor {
  const width = bias.shape[0] / 2;
  if (gates === 3) return reshape(bias, [2, width]);
  return { shape: [width], data: bias.data.slice(0, width).map((v, k) => v + bias.data[width + k]) };
}
