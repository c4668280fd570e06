import { explicitConvolution, kernelTurned } from '../../layers/conv/explicit.js';
import type { Json } from '../../layers/kerasConfig.js';
import { adaptiveWindows } from '../../layers/window/places.js';
import { permuteAxes } from '../../tensor/axes.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Call } from './call.js';
import { alike, type Rule, type Rules } from './rule.js';
import { constantOf, int, type Operand } from './wiring.js';

/** Convolution, pooling, resizing and normalisation of x [N, C, …]. */

function parameters(call: Call, names: readonly string[], size: readonly number[]): Operand[] {
  return names.map((name, i) => {
    if (call.has(name)) return constantOf(call.wiring.tensor(call.arg(name), name).tensor);
    return { type: 'float', shape: size, data: new Array(size.reduce((a, b) => a * b, 1)).fill(i === 0 ? 1 : 0) };
  });
}

/** An argument as one number per axis of the window; a single number applies to all axes. */
function perAxis(call: Call, name: string, axes: number, otherwise: readonly number[]): number[] {
  const given = call.numbers(name) as number[];
  const list = given.length > 0 ? given : otherwise;
  return Array.from({ length: axes }, (_, i) => list[list.length === 1 ? 0 : i]);
}

/** A layer for a module, with those of its parameters that are given, under rnn-cli's names. */
function moduleLayer(
  call: Call,
  spec: Json,
  given: Readonly<Record<string, string>>,
  inputs: readonly string[],
  toOurs: (t: Tensor) => Tensor = t => t,
): string {
  const { wiring } = call;
  const parameters = Object.entries(given).flatMap(([ours, name]) => {
    return call.has(name) ? [[ours, wiring.tensor(call.arg(name), name)] as const] : [];
  });
  const prefix = parameters[0]?.[1].name.replace(/\.?(weight|bias|running_mean)$/, '') || call.outName;
  const names = parameters.map(([ours, parameter]) => `${ours}=${parameter.name}`);
  const { name, first } = wiring.layer(prefix, { ...spec, inputs }, names);
  if (first)
    for (const [ours, { tensor }] of parameters) wiring.weights.set(`${name}/${ours}`, tensor.shape.length > 1 ? toOurs(tensor) : tensor);
  return name;
}

/** x [N, C, …S] with a kernel [F, C, …k] */
const convolution =
  (name: 'Conv' | 'ConvTranspose'): Rule =>
  call => {
    const W = call.wiring.tensor(call.arg('weight'), 'the weight of the convolution').tensor;
    const window = W.shape.slice(2);
    const axes = window.length;
    const padding = call.arg('padding');
    const dilations = perAxis(call, 'dilation', axes, [1]);
    const strides = perAxis(call, 'stride', axes, [1]);
    const total = window.map((k, i) => dilations[i] * (k - 1));
    const before =
      padding === 'same'
        ? total.map(n => Math.floor(n / 2))
        : padding === 'valid'
          ? total.map(() => 0)
          : perAxis(call, 'padding', axes, [0]);
    const behind = padding === 'same' ? total.map((n, i) => n - before[i]) : before;
    const groups = call.number('groups', 1);
    const outputPadding = call.arg('output_padding');
    const transposed = name === 'ConvTranspose' || call.arg('transposed') === true;
    const x = call.wiring.input(call.arg('input'));
    if (transposed) {
      const added = outputPadding === undefined ? {} : { output_padding: perAxis(call, 'output_padding', axes, [0]) };
      const operands: Operand[] = [x, constantOf(W)];
      if (call.has('bias')) operands.push(constantOf(call.wiring.tensor(call.arg('bias'), 'the bias of the convolution').tensor));
      return call.op('ConvTranspose', operands, { strides, dilations, pads: [...before, ...behind], group: groups, ...added });
    }
    const useBias = call.has('bias');
    // for an x that was transposed to have its channels here, the layer reads the original, and y is transposed instead
    const [toFirst, toLast] = [
      [0, axes + 1, ...window.map((_, i) => 1 + i)],
      [0, ...window.map((_, i) => 2 + i), 1],
    ];
    const plain = call.wiring.beforeTurn(x, toLast);
    const dataFormat = plain === undefined ? 'channels_first' : 'channels_last';
    const { spec, pads } = explicitConvolution({ kernel: W.shape, strides, dilations, before, behind, groups, useBias, dataFormat });
    const from = pads ? call.step('Pad', [plain ?? x, int(pads)], { mode: 'constant' }) : (plain ?? x);
    const y = moduleLayer(call, spec, { W: 'weight', b: 'bias' }, [from], t => permuteAxes(t, kernelTurned(t.shape.length)));
    return plain === undefined ? y : call.op('Transpose', [y], { perm: toFirst });
  };

const pooled =
  (name: 'MaxPool' | 'AveragePool') =>
  (operator: string): Rule =>
  call => {
    const axes = axesIn(operator);
    if (call.has('divisor_override')) throw call.unsupported('with divisor_override');
    const window = perAxis(call, 'kernel_size', axes, [1]);
    const pads = perAxis(call, 'padding', axes, [0]);
    const ceil = call.arg('ceil_mode') === true ? { ceil_mode: 1 } : {};
    const attributes = { kernel_shape: window, strides: perAxis(call, 'stride', axes, window), pads: [...pads, ...pads], ...ceil };
    const own =
      name === 'MaxPool'
        ? { dilations: perAxis(call, 'dilation', axes, [1]) }
        : { count_include_pad: call.arg('count_include_pad') === false ? 0 : 1 };
    if (call.sizes().length > axes + 1) return call.op(name, [call.operand()], { ...attributes, ...own });
    // one sample without an axis of samples
    const pooledSample = call.step(name, [call.step('Unsqueeze', [call.operand(), int([0])])], { ...attributes, ...own });
    return call.op('Squeeze', [pooledSample, int([0])]);
  };

/** torch lists the padding of the last axis first, as pairs before and after. */
const padded: Rule = call => {
  const mode = String(call.arg('mode') ?? 'constant');
  const rank = call.sizes().length;
  const given = call.numbers('pad') as number[];
  const ends = (side: number) => Array.from({ length: rank }, (_, i) => given[2 * (rank - 1 - i) + side] ?? 0);
  const modes: Readonly<Record<string, string>> = { constant: 'constant', reflect: 'reflect', replicate: 'edge', circular: 'wrap' };
  const value = call.arg('value') ?? 0;
  if (!Object.hasOwn(modes, mode) || typeof value !== 'number') throw call.unsupported(`of the mode ${mode}`);
  return call.op('Pad', [call.operand(), int([...ends(0), ...ends(1)]), value], { mode: modes[mode] });
};

/** Adaptive pooling: T steps become n. */
const adaptive =
  (reduction: 'ReduceMax' | 'ReduceMean') =>
  (operator: string): Rule =>
  call => {
    const axes = axesIn(operator);
    const counts = perAxis(call, 'output_size', axes, [1]);
    const rank = call.sizes().length;
    return counts.reduce((value: Operand, count, i) => alongAxis(call, value, reduction, rank - axes + i, count), call.operand());
  };

function alongAxis(call: Call, value: Operand, reduction: string, dim: number, count: number): Operand {
  const reduced = (x: Operand) => call.step(reduction, [x, int([dim])], { keepdims: 1 });
  if (count === 1) return reduced(value);
  const T = call.size(dim);
  const parts = adaptiveWindows(T, count).map(([from, to], i) => reduced(call.slice(value, dim, [from, to, 1], `window_${i}`)));
  return call.step('Concat', parts, { axis: dim });
}

const batchNorm: Rule = call => {
  if (call.arg('training') === true || call.arg('train') === true) throw call.unsupported('in training mode');
  if (!call.has('running_mean')) throw call.unsupported('without running statistics');
  const names = { gamma: 'weight', beta: 'bias', mean: 'running_mean', variance: 'running_var' };
  return moduleLayer(call, { kind: 'batchnorm', axis: 1, ...affine(call) }, names, [call.wiring.input(call.arg('input'))]);
};

/** Scale, offset and ε of a normalisation. */
function affine(call: Call): Json {
  return { scale: call.has('weight'), center: call.has('bias'), epsilon: call.number('eps', 1e-5) };
}

const layerNorm: Rule = call => {
  const axis = call.numbers('normalized_shape').map((_, i, all) => i - all.length);
  const spec = { kind: 'layernorm', axis, ...affine(call) };
  return moduleLayer(call, spec, { gamma: 'weight', beta: 'bias' }, [call.wiring.input(call.arg('input'))]);
};

const groupNorm: Rule = call => {
  for (const name of ['N', 'C', 'HxW']) call.arg(name);
  const spec = { kind: 'groupnorm', axis: 1, groups: call.number('num_groups', Number(call.arg('group') ?? 1)), ...affine(call) };
  return moduleLayer(call, spec, { gamma: 'weight', beta: 'bias' }, [call.wiring.input(call.arg('input'))]);
};

/** Resizes the spatial axes to given sizes or by given factors. */
const resized =
  (mode: 'nearest' | 'linear' | 'cubic') =>
  (operator: string): Rule =>
  call => {
    const axes = axesIn(operator);
    const places = call.arg('align_corners') === true ? 'align_corners' : mode === 'nearest' ? 'asymmetric' : 'pytorch_half_pixel';
    const attributes = { mode, coordinate_transformation_mode: places, ...(mode === 'nearest' ? { nearest_mode: 'floor' } : {}) };
    const x = call.operand(call.node.args.has('input') ? 'input' : 'self');
    const rank = call.sizes(call.node.args.has('input') ? 'input' : 'self').length;
    const own = Array.from({ length: axes }, (_, i) => rank - axes + i);
    const given = call.numbers('output_size');
    const scales = call.node.args.has('scale_factors') ? call.numbers('scale_factors') : [];
    for (const name of ['scales', 'scales_h', 'scales_w']) call.arg(name);
    if (given.length > 0) return call.op('Resize', [x, NONE, NONE, call.wiring.sizesOperand(given)], { ...attributes, axes: own });
    return call.op('Resize', [x, NONE, { type: 'float', value: scales }], { ...attributes, axes: own });
  };

/** Stands for an operand that is left out. */
const NONE = { type: 'float', shape: [0], data: [] };

export const SPACE: Rules = {
  ...alike('upsample_nearest1d upsample_nearest2d', resized('nearest')),
  ...alike('upsample_linear1d upsample_bilinear2d', resized('linear')),
  ...alike('upsample_bicubic2d', resized('cubic')),
  ...alike('conv1d conv2d conv3d convolution', () => convolution('Conv')),
  ...alike('conv_transpose1d conv_transpose2d conv_transpose3d', () => convolution('ConvTranspose')),
  ...alike('max_pool1d max_pool2d max_pool2d_with_indices max_pool3d max_pool3d_with_indices', pooled('MaxPool')),
  ...alike('avg_pool1d avg_pool2d avg_pool3d', pooled('AveragePool')),
  ...alike('adaptive_avg_pool1d adaptive_avg_pool2d _adaptive_avg_pool2d adaptive_avg_pool3d _adaptive_avg_pool3d', adaptive('ReduceMean')),
  ...alike('adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d', adaptive('ReduceMax')),
  ...alike('pad constant_pad_nd', () => padded),
  ...alike('batch_norm _native_batch_norm_legit_no_training', () => batchNorm),
  /** Normalises with the mean and variance of the input itself, per channel. */
  _native_batch_norm_legit(call) {
    if (call.arg('training') === false) throw call.unsupported('without statistics');
    const sizes = call.sizes('input');
    const x = call.wiring.input(call.arg('input'));
    const axes = int(sizes.flatMap((_, i) => (i === 1 ? [] : [i])));
    const away = call.step('Sub', [x, call.step('ReduceMean', [x, axes], { keepdims: 1 })]);
    const variance = call.step('ReduceMean', [call.step('Mul', [away, away]), axes], { keepdims: 1 });
    const normal = call.step('Div', [away, call.step('Sqrt', [call.step('Add', [variance, call.number('eps', 1e-5)])])]);
    const channels = int([-1, ...sizes.slice(2).map(() => 1)]);
    const [scale, shift] = parameters(call, ['weight', 'bias'], [call.size(1, 'input')]).map(p => call.step('Reshape', [p, channels]));
    return call.op('Add', [call.step('Mul', [normal, scale]), shift]);
  },
  ...alike('layer_norm native_layer_norm', () => layerNorm),
  ...alike('group_norm native_group_norm', () => groupNorm),
  instance_norm(call) {
    if (call.arg('use_input_stats') !== true) throw call.unsupported('with running statistics');
    for (const name of ['running_mean', 'running_var']) call.arg(name);
    const operands = [call.wiring.input(call.arg('input')), ...parameters(call, ['weight', 'bias'], [call.size(1, 'input')])];
    return call.op('InstanceNormalization', operands, { epsilon: call.number('eps', 1e-5) });
  },
};

/** Number of spatial axes in a name: 'max_pool2d' -> 2 */
function axesIn(name: string): number {
  return Number(/(\d)d/.exec(name)![1]);
}
