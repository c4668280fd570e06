import { fixed, notRun, op, type Rule, type Rules, self, sizesOf, slice, step } from './rule.js';
import { arg, type Call, constantOf, number, numbers, type Operand } from './wiring.js';

/** Operators that slide over time or normalise: x [N, C, T]. */

/** A number that may stand as a list of one. */
function single(call: Call, name: string, otherwise: number): number {
  return Number(numbers(call, name)[0] ?? otherwise);
}

function parameters(call: Call, names: readonly string[], size: readonly number[]): Operand[] {
  return names.map((name, i) => {
    const given = arg(call, name) ?? null;
    if (given !== null) return constantOf(call.wiring.tensor(given, name).tensor);
    return { type: 'float', shape: size, data: new Array(size.reduce((a, b) => a * b, 1)).fill(i === 0 ? 1 : 0) };
  });
}

const convolution =
  (name: 'Conv' | 'ConvTranspose'): Rule =>
  call => {
    const W = call.wiring.tensor(arg(call, 'weight'), 'the weight of the convolution').tensor;
    const bias = arg(call, 'bias') ?? null;
    const padding = arg(call, 'padding');
    const total = single(call, 'dilation', 1) * (W.shape[2] - 1);
    const each = single(call, 'padding', 0);
    const pads = padding === 'same' ? [Math.floor(total / 2), total - Math.floor(total / 2)] : padding === 'valid' ? [0, 0] : [each, each];
    const attributes = {
      strides: [single(call, 'stride', 1)],
      dilations: [single(call, 'dilation', 1)],
      pads,
      group: number(call, 'groups', 1),
      ...(name === 'ConvTranspose' ? { output_padding: [single(call, 'output_padding', 0)] } : {}),
    };
    const operands: Operand[] = [call.wiring.input(arg(call, 'input')), constantOf(W)];
    if (bias !== null) operands.push(constantOf(call.wiring.tensor(bias, 'the bias of the convolution').tensor));
    return op(call, name, operands, attributes);
  };

const pooled =
  (name: 'MaxPool' | 'AveragePool'): Rule =>
  call => {
    if (arg(call, 'ceil_mode') === true) throw notRun(`${call.node.target} with ceil_mode`);
    const size = single(call, 'kernel_size', 1);
    const pad = single(call, 'padding', 0);
    const attributes = { kernel_shape: [size], strides: [single(call, 'stride', size)], pads: [pad, pad] };
    if (name === 'MaxPool') return op(call, name, [self(call)], { ...attributes, dilations: [single(call, 'dilation', 1)] });
    return op(call, name, [self(call)], { ...attributes, count_include_pad: arg(call, 'count_include_pad') === false ? 0 : 1 });
  };

/** T steps become as many as asked for: step i is of ⌊i·T/n⌋ to ⌈(i+1)·T/n⌉. */
const adaptive =
  (reduction: 'ReduceMax' | 'ReduceMean'): Rule =>
  call => {
    const count = single(call, 'output_size', 1);
    const dim = sizesOf(call).length - 1;
    const reduced = (x: Operand) => step(call, reduction, [x, { type: 'int', value: [dim] }], { keepdims: 1 });
    if (count === 1) return reduced(self(call));
    const T = fixed(call, dim);
    const parts = Array.from({ length: count }, (_, i) => {
      const ends = [Math.floor((i * T) / count), Math.ceil(((i + 1) * T) / count), 1];
      return reduced(slice(call, self(call), dim, ends, `window_${i}`));
    });
    return op(call, 'Concat', parts, { axis: dim });
  };

const batchNorm: Rule = call => {
  if (arg(call, 'training') === true || arg(call, 'train') === true) throw notRun(`${call.node.target} in training mode`);
  const channels = [fixed(call, 1, 'input')];
  if ((arg(call, 'running_mean') ?? null) === null) throw notRun(`${call.node.target} without running statistics`);
  const all = [...parameters(call, ['weight', 'bias'], channels), ...parameters(call, ['running_mean', 'running_var'], channels)];
  return op(call, 'BatchNormalization', [call.wiring.input(arg(call, 'input')), ...all], { epsilon: number(call, 'eps', 1e-5) });
};

const layerNorm: Rule = call => {
  const size = numbers(call, 'normalized_shape').map(Number);
  const operands = [call.wiring.input(arg(call, 'input')), ...parameters(call, ['weight', 'bias'], size)];
  return op(call, 'LayerNormalization', operands, { axis: -size.length, epsilon: number(call, 'eps', 1e-5) });
};

const groupNorm: Rule = call => {
  const operands = [call.wiring.input(arg(call, 'input')), ...parameters(call, ['weight', 'bias'], [fixed(call, 1, 'input')])];
  return op(call, 'GroupNormalization', operands, { num_groups: number(call, 'num_groups'), epsilon: number(call, 'eps', 1e-5) });
};

const instanceNorm: Rule = call => {
  if (arg(call, 'use_input_stats') !== true) throw notRun(`${call.node.target} with running statistics`);
  for (const name of ['running_mean', 'running_var']) arg(call, name);
  const operands = [call.wiring.input(arg(call, 'input')), ...parameters(call, ['weight', 'bias'], [fixed(call, 1, 'input')])];
  return op(call, 'InstanceNormalization', operands, { epsilon: number(call, 'eps', 1e-5) });
};

export const SPACE: Rules = {
  conv1d: convolution('Conv'),
  conv_transpose1d: convolution('ConvTranspose'),
  max_pool1d: pooled('MaxPool'),
  avg_pool1d: pooled('AveragePool'),
  adaptive_avg_pool1d: adaptive('ReduceMean'),
  adaptive_max_pool1d: adaptive('ReduceMax'),
  batch_norm: batchNorm,
  _native_batch_norm_legit_no_training: batchNorm,
  layer_norm: layerNorm,
  group_norm: groupNorm,
  instance_norm: instanceNorm,
};
