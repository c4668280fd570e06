import { checkClasses, convolutionOf, functionOf, moduleAt, normalisationOf, unplaced } from '../../src/conventions/torch/moduleFacts.js';
import type { Module } from '../../src/conventions/torch/modules.js';
import { RnnError } from '../../src/errors.js';
import type { Plain, TorchModule } from '../../src/formats/torch/module.js';

/** What the classes and attributes of a module of PyTorch say, by hand: PyTorch 2's class names and attributes. */
type Attributes = Record<string, Plain>;
const of = (className: string, attributes: Attributes = {}, children: Record<string, TorchModule> = {}): TorchModule => ({
  className: className.includes('.') ? className : `torch.nn.modules.${className}`,
  attributes: new Map(Object.entries(attributes)),
  children: new Map(Object.entries(children)),
});
const activation = (name: string, attributes?: Attributes) => of(`torch.nn.modules.activation.${name}`, attributes);
const linear = of('torch.nn.modules.linear.Linear');
const dropout = of('torch.nn.modules.dropout.Dropout', { p: 0.5 });
const sequential = (...children: TorchModule[]) =>
  of('torch.nn.modules.container.Sequential', {}, Object.fromEntries(children.map((c, i) => [i, c])));
const net = (children: Record<string, TorchModule>) => of('__main__.Net', {}, children);

describe('the activation behind a Linear', () => {
  it.each<[string, Attributes, unknown]>([
    ['ReLU', { inplace: false }, 'relu'],
    ['Tanh', {}, 'tanh'],
    ['Sigmoid', {}, 'sigmoid'],
    ['SiLU', {}, 'silu'],
    ['Softsign', {}, 'softsign'],
    ['Mish', {}, 'mish'],
    ['SELU', {}, 'selu'],
    ['Hardsigmoid', {}, 'hard_sigmoid'],
    ['Hardswish', {}, 'hard_silu'],
    ['ReLU6', { min_val: 0, max_val: 6 }, 'relu6'],
    ['LogSigmoid', {}, 'log_sigmoid'],
    ['GELU', { approximate: 'none' }, 'gelu'],
    ['GELU', { approximate: 'tanh' }, 'gelu_tanh'],
    ['LeakyReLU', { negative_slope: 0.2 }, { name: 'leaky_relu', negative_slope: 0.2 }],
    ['LeakyReLU', {}, { name: 'leaky_relu', negative_slope: 0.01 }],
    ['ELU', { alpha: 0.5 }, { name: 'elu', alpha: 0.5 }],
    ['ELU', {}, { name: 'elu', alpha: 1 }],
    ['CELU', { alpha: 0.5 }, { name: 'celu', alpha: 0.5 }],
    ['CELU', {}, { name: 'celu', alpha: 1 }],
    ['Softmax', { dim: -1 }, 'softmax'],
    ['LogSoftmax', { dim: -1 }, 'log_softmax'],
    ['Softplus', { beta: 1, threshold: 20 }, 'softplus'],
    ['Softplus', {}, 'softplus'],
    ['Hardtanh', { min_val: -1, max_val: 1 }, 'hard_tanh'],
    ['Hardtanh', { min_val: 0, max_val: 6 }, 'relu6'],
    ['Hardtanh', {}, 'hard_tanh'],
  ])('%s %j', (name, attributes, expected) => {
    const known = new Set<TorchModule>();
    const found = activation(name, attributes);
    const root = net({ head: sequential(linear, dropout, found, activation('Tanh')) });
    expect(functionOf(root, 'head.0', 2, known)).toEqual(expected);
    expect([...known]).toEqual([found]);
    expect(unplaced(root, known, new Set(['head.0']))).toEqual(['head.3 (Tanh)']);
  });

  it.each<[string, Attributes]>([
    ['Softmax', { dim: 1 }],
    ['LogSoftmax', { dim: null }],
    ['Softplus', { beta: 2, threshold: 20 }],
    ['Softplus', { beta: 1, threshold: 1 }],
    ['Hardtanh', { min_val: -2, max_val: 2 }],
    ['Hardtanh', { min_val: -1, max_val: 6 }],
    ['RReLU', {}],
    ['toString', {}],
  ])('is refused where it is another function: %s %j', (name, attributes) => {
    const root = net({ head: sequential(linear, activation(name, attributes)) });
    let found: unknown;
    try {
      functionOf(root, 'head.0', 3);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(RnnError);
    expect(found).toMatchObject({
      code: 'E_TORCH_MODULE',
      message: `the module ${name} behind head.0 is not supported`,
      where: 'head.0',
      found: `torch.nn.modules.activation.${name}`,
    });
  });

  it('is none where another Linear follows, and unknown at the end, behind another module and outside of a Sequential', () => {
    expect(functionOf(net({ head: sequential(linear, dropout, linear) }), 'head.0')).toBe('linear');
    expect(functionOf(net({ head: sequential(linear, of('torch.nn.modules.conv.Conv1d')) }), 'head.0')).toBe('linear');
    expect(functionOf(net({ head: sequential(linear, dropout) }), 'head.0')).toBeUndefined();
    expect(functionOf(net({ head: sequential(linear, of('torch.nn.modules.flatten.Flatten')) }), 'head.0')).toBeUndefined();
    expect(functionOf(net({ head: linear, act: activation('ReLU') }), 'head')).toBeUndefined();
    expect(functionOf(net({ head: sequential(of('torch.nn.modules.rnn.LSTM'), activation('ReLU')) }), 'head.0')).toBeUndefined();
    expect(functionOf(sequential(linear, activation('ReLU')), '0')).toBe('relu');
    expect(functionOf(sequential(of('torch.nn.modules.conv.Conv1d'), activation('ReLU')), '0')).toBe('relu');
  });

  it('of an nn.RNN is its own', () => {
    expect(functionOf(net({ rnn: of('torch.nn.modules.rnn.RNN', { nonlinearity: 'relu' }) }), 'rnn')).toBe('relu');
  });
});

describe('a convolution', () => {
  const usual: Attributes = { kernel_size: [3], stride: [1], dilation: [1], padding: [0], groups: 1, padding_mode: 'zeros' };
  const read = (attributes: Attributes) => convolutionOf(net({ c: of('torch.nn.modules.conv.Conv1d', { ...usual, ...attributes }) }), 'c');
  it.each<[Attributes, object]>([
    [{}, { padding: 'valid', strides: [1], dilation: [1], groups: 1 }],
    [{ padding: 'valid' }, { padding: 'valid' }],
    [{ padding: 'same' }, { padding: 'same' }],
    [{ padding: [1] }, { padding: 'same' }],
    [{ padding: [2], kernel_size: [5] }, { padding: 'same' }],
    [
      { padding: [2], dilation: [2] },
      { padding: 'same', dilation: [2] },
    ],
    [{ padding: [1], dilation: [2] }, { padding: '_' }],
    [{ padding: [2] }, { padding: '_' }],
    [
      { padding: [1], stride: [2] },
      { padding: '_', strides: [2] },
    ],
    [{ padding: [1], padding_mode: 'reflect' }, { padding: '_' }],
    [{ padding: 'same', padding_mode: 'circular' }, { padding: '_' }],
    [{ padding: [0], padding_mode: 'circular' }, { padding: 'valid' }],
    [{ groups: 4 }, { groups: 4 }],
    [{ kernel_size: 3, stride: 1, dilation: 1, padding: 1 }, { padding: 'same' }],
  ])('%j', (attributes, expected) => {
    expect(read(attributes)).toMatchObject(expected);
  });

  it('without sizes says nothing, and without a mode or groups they are the usual ones', () => {
    for (const name of ['kernel_size', 'stride', 'dilation']) expect(read({ [name]: null })).toEqual({});
    const { groups: _, padding_mode: _m, ...rest } = usual;
    expect(convolutionOf(net({ c: of('torch.nn.modules.conv.Conv1d', { ...rest, padding: [1] }) }), 'c')).toEqual({
      padding: 'same',
      strides: [1],
      dilation: [1],
      groups: 1,
    });
    expect(convolutionOf(net({}), 'c')).toEqual({});
  });
});

it.each<[string, Attributes, object]>([
  ['normalization.LayerNorm', { eps: 1e-6 }, { epsilon: 1e-6 }],
  ['normalization.RMSNorm', { eps: 1e-6 }, { kind: 'rmsnorm', center: undefined, epsilon: 1e-6 }],
  ['normalization.RMSNorm', { eps: null }, { kind: 'rmsnorm', center: undefined }],
  ['normalization.GroupNorm', { eps: 1e-5, num_groups: 2 }, { epsilon: 1e-5, kind: 'groupnorm', groups: 2 }],
  ['batchnorm.BatchNorm1d', { eps: 1e-3 }, { epsilon: 1e-3 }],
  ['batchnorm.BatchNorm1d', {}, {}],
])('the normalisation %s %j', (name, attributes, expected) => {
  expect(normalisationOf(net({ norm: of(`torch.nn.modules.${name}`, attributes) }), 'norm')).toEqual(expected);
});

describe('classes', () => {
  const module = (name: string, kind: Module['kind']) => ({ name, kind }) as Module;
  const checked = (className: string, kind: Module['kind'], line?: string) => {
    try {
      checkClasses(net({ m: of(className) }), [module('m', kind)], () => line);
      return 'is read';
    } catch (error) {
      const { message, where, found, fix } = error as RnnError;
      return [message, where, found, fix?.split(' give a file')[0]];
    }
  };
  it.each<[string, Module['kind']]>([
    ['torch.nn.modules.rnn.LSTM', 'recurrent'],
    ['torch.nn.modules.rnn.GRUCell', 'recurrent'],
    ['torch.nn.modules.linear.NonDynamicallyQuantizableLinear', 'matrix'],
    ['torch.nn.modules.sparse.Embedding', 'matrix'],
    ['torch.nn.modules.conv.Conv1d', 'conv'],
    ['torch.nn.modules.normalization.GroupNorm', 'norm'],
    ['torch.nn.modules.batchnorm.SyncBatchNorm', 'batchnorm'],
    ['torch.ao.nn.quantized.dynamic.modules.rnn.LSTM', 'recurrent'],
    ['anything.Else', 'other' as Module['kind']],
  ])('%s is a %s', (name, kind) => {
    expect(checked(name, kind)).toBe('is read');
  });

  it('that are none of these are refused by name', () => {
    expect(checked('torch.nn.modules.sparse.EmbeddingBag', 'matrix', 'lstm:3')).toEqual(
      ['the module EmbeddingBag of m is not supported', 'm', 'torch.nn.modules.sparse.EmbeddingBag', ''].map((v, i) =>
        i === 3 ? expect.not.stringContaining('--layers') : v,
      ),
    );
    expect(checked('__main__.LSTM', 'recurrent', 'lstm:3')).toEqual([
      'm has the custom class __main__.LSTM, whose code is not in the file',
      'm',
      '__main__.LSTM',
      'if it computes what PyTorch\'s own does: --layers "lstm:3"; or',
    ]);
    expect(checked('__main__.LSTM', 'recurrent')).toEqual(expect.arrayContaining([expect.not.stringContaining('if it computes')]));
  });

  it('modules stand at dotted paths', () => {
    const root = net({ head: sequential(linear, dropout) });
    expect(moduleAt(root, 'head.1')).toBe(dropout);
    expect(moduleAt(root, '')).toBe(root);
    expect(moduleAt(root, 'head.2.x')).toBeUndefined();
  });

  it('what has no place is what computes, is not known and has no tensors', () => {
    const loss = of('torch.nn.modules.loss.MSELoss');
    const root = net({
      act: activation('ReLU'),
      drop: dropout,
      same: of('torch.nn.modules.linear.Identity'),
      loss,
      own: of('__main__.Own'),
      fc: linear,
      list: of('torch.nn.modules.container.ModuleList'),
    });
    expect(unplaced(root, new Set(), new Set(['fc']))).toEqual(['act (ReLU)']);
    expect(unplaced(root, new Set(), new Set())).toEqual(['act (ReLU)', 'fc (Linear)']);
  });
});
