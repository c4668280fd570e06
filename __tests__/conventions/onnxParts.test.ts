import type { ActivationSpec } from '../../src/activations/activation.js';
import { activations } from '../../src/activations/index.js';
import { addActivation, plainFunction, RECURRENT_FUNCTIONS, recurrentFunction } from '../../src/conventions/onnx/activationNodes.js';
import { directionWeights, optionsOf, readRecurrentNode } from '../../src/conventions/onnx/recurrentNode.js';
import { isOperator } from '../../src/conventions/onnx/signatures.js';
import { toOnnxModel } from '../../src/conventions/onnx/write.js';
import { RnnError } from '../../src/errors.js';
import { float, int, ints, newBuilder, text, texts } from '../../src/formats/onnx/builder.js';
import type { OnnxAttribute, OnnxNode } from '../../src/formats/onnx/graph.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes } from '../../src/model/shapes.js';
import { floatOf, intOf, intsOf, nodeLabel, nodePlace, onlyAttributes, textOf, textsOf } from '../../src/ops/attributes.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { errorLine } from '../helpers/approved.js';

/** What an ONNX node says and what is written into one, piece by piece: names of functions, attributes, shapes, and the words of refusals. */
function said(body: () => unknown): string {
  try {
    return JSON.stringify(body());
  } catch (error) {
    if (error instanceof RnnError) return errorLine(error);
    throw error;
  }
}

const node = (opType: string, attributes: Record<string, OnnxAttribute> = {}, more: Partial<OnnxNode> = {}): OnnxNode => ({
  name: '',
  opType,
  domain: '',
  inputs: [],
  outputs: [],
  attributes: new Map(Object.entries(attributes)),
  ...more,
});

describe('an activation', () => {
  const SIXTH = 1 / 6;
  // the function that RNN, LSTM and GRU have for it, and its parameters; none: a Scan says it
  const TABLE: Record<string, [string, ...number[]]> = {
    affine: ['Affine', 1, 0],
    elu: ['Elu', 1],
    hard_sigmoid: ['HardSigmoid', SIXTH, 0.5],
    hard_sigmoid_keras2: ['HardSigmoid', 0.2, 0.5],
    leaky_relu: ['LeakyRelu', 0.2],
    linear: ['Affine', 1, 0],
    relu: ['Relu'],
    scaled_tanh: ['ScaledTanh', 1, 1],
    sigmoid: ['Sigmoid'],
    softplus: ['Softplus'],
    softsign: ['Softsign'],
    tanh: ['Tanh'],
    thresholded_relu: ['ThresholdedRelu', 1],
  };

  it.each(activations.map(a => a.name))('%s is the function that ONNX has for it', name => {
    const [function_, ...parameters] = TABLE[name] ?? [];
    expect(recurrentFunction(name)).toEqual(function_ === undefined ? undefined : { name: function_, parameters });
  });

  it('has the parameters that ONNX has, and no others', () => {
    expect(recurrentFunction({ name: 'leaky_relu', negative_slope: 0.3 })).toEqual({ name: 'LeakyRelu', parameters: [0.3] });
    for (const spec of [{ name: 'relu', max_value: 6 } as ActivationSpec, { name: 'relu', threshold: 1 } as ActivationSpec])
      expect(recurrentFunction(spec)).toBeUndefined();
    const builder = newBuilder([]);
    addActivation(builder, { name: 'hard_sigmoid_keras2', alpha: 0.25, beta: 0.75 }, 'x', '');
    expect(builder.nodes[0].attributes).toEqual(
      new Map([
        ['alpha', float(0.25)],
        ['beta', float(0.75)],
      ]),
    );
  });

  it('of a cell without one is linear', () => {
    expect(recurrentFunction(null)).toEqual({ name: 'Affine', parameters: [1, 0] });
  });

  it('of slope 1/6 is the hard sigmoid of Keras 3, and Affine with 1 and 0 is none', () => {
    const sixth = Math.fround(1 / 6);
    for (const [spec, plain] of [
      [{ name: 'hard_sigmoid_keras2', alpha: sixth, beta: 0.5 }, 'hard_sigmoid'],
      [{ name: 'hard_sigmoid_keras2', alpha: 0.2, beta: 0.5 }, undefined],
      [{ name: 'hard_sigmoid_keras2', alpha: sixth, beta: 0.4 }, undefined],
      [{ name: 'affine', alpha: 1, beta: 0 }, 'linear'],
      [{ name: 'affine', alpha: 1, beta: 1 }, undefined],
      [{ name: 'affine', alpha: 2, beta: 0 }, undefined],
      [{ name: 'scaled_tanh', alpha: 1, beta: 0 }, undefined],
      [{ name: 'elu', alpha: sixth, beta: 0.5 }, undefined],
    ] as const)
      expect(plainFunction(spec)).toEqual(plain ?? spec);
  });
});

describe('attributes', () => {
  const big = (value: bigint): OnnxAttribute => ({ type: 'int', value });

  it('are of one type each', () => {
    expect(said(() => floatOf(node('LSTM', { clip: int(3) }, { name: 'a\u0007' }), 'clip'))).toBe(
      "3 E_ONNX_ATTRIBUTE | clip: attribute clip of LSTM 'a\\u0007' has the wrong type | expected: float | found: int",
    );
    expect([floatOf(node('X', { a: float(0.5) }), 'a'), textOf(node('X', { a: text('t') }), 'a'), textsOf(node('X'), 'a')]).toEqual([
      0.5,
      't',
      undefined,
    ]);
  });

  it('beyond 2^53 mean to the end', () => {
    const most = Number.MAX_SAFE_INTEGER;
    for (const [value, number] of [
      [2n ** 63n - 1n, most],
      [BigInt(most) + 1n, most],
      [BigInt(most), most],
      [-(2n ** 63n), -most],
      [-BigInt(most), -most],
      [-BigInt(most) - 1n, -most],
      [-5n, -5],
    ] as const) {
      expect(intOf(node('X', { a: big(value) }), 'a')).toBe(number);
      expect(intsOf(node('X', { a: { type: 'ints', value: [value] } }), 'a')).toEqual([number]);
    }
  });

  it('that nobody reads are refused', () => {
    onlyAttributes(node('X', { a: int(1), b: int(1) }), ['b', 'a']);
    expect(said(() => onlyAttributes(node('X', { a: int(1), 'c\u0007': int(1) }), ['a', 'b']))).toBe(
      '3 E_ONNX_ATTRIBUTE | c\\u0007: unknown attribute c\\u0007 of X | expected: a, b | found: c\\u0007',
    );
    expect(said(() => onlyAttributes(node('X', { c: int(1) }), []))).toBe(
      '3 E_ONNX_ATTRIBUTE | c: unknown attribute c of X | expected: no attributes | found: c',
    );
  });

  it('belong to a node that is named with its place', () => {
    expect([nodeLabel(node('X', {}, { name: 'n' })), nodePlace(node('X', {}, { name: 'n', offset: 30 })), nodePlace(node('X'))]).toEqual([
      "X 'n'",
      "X 'n' at offset 30",
      'X',
    ]);
  });
});

it('operators are those of their version, as far as the list reaches', () => {
  const known = (name: string, version: number) => isOperator(name, version);
  expect([known('LSTM', 7), known('Lstm', 28), known('Lstm', 29), known('Xor', 17), known('', 17)]).toEqual([
    true,
    false,
    true,
    true,
    false,
  ]);
  expect([known('Gelu', 19), known('Gelu', 20), known('Upsample', 10)]).toEqual([false, true, true]);
});

describe('a recurrent node', () => {
  it('has the functions of the specification unless it names others', () => {
    const of = (op: string, attributes: Record<string, OnnxAttribute> = {}) => readRecurrentNode(node(op, attributes)).directions;
    expect(of('RNN')).toEqual([{ reverse: false, activation: 'tanh', recurrentActivation: null, outputActivation: null }]);
    expect(of('GRU', { direction: text('reverse') })).toEqual([
      { reverse: true, activation: 'tanh', recurrentActivation: 'sigmoid', outputActivation: null },
    ]);
    const own = texts(['HARDSIGMOID', 'Relu', 'LeakyRelu', 'HardSigmoid', 'Elu', 'Affine']);
    const floats = (...value: number[]): OnnxAttribute => ({ type: 'floats', value });
    expect(
      of('LSTM', {
        direction: text('bidirectional'),
        activations: own,
        activation_alpha: floats(0.25, 0.5, 0.75),
        activation_beta: floats(0.5),
      }),
    ).toEqual([
      {
        reverse: false,
        recurrentActivation: { name: 'hard_sigmoid_keras2', alpha: 0.25, beta: 0.5 },
        activation: 'relu',
        outputActivation: { name: 'leaky_relu', negative_slope: 0.5 },
      },
      {
        reverse: true,
        recurrentActivation: { name: 'hard_sigmoid_keras2', alpha: 0.75, beta: 0.5 },
        activation: { name: 'elu', alpha: 1 },
        outputActivation: 'linear',
      },
    ]);
  });

  it.each<[string, Record<string, OnnxAttribute>, string]>([
    [
      'GRU',
      { direction: text('both') },
      'direction: attribute direction is both | expected: forward, reverse, bidirectional | found: both',
    ],
    [
      'GRU',
      { activations: texts(['Tanh']) },
      'activations: attribute activations is 1 | expected: 2 names, 2 for each direction | found: 1',
    ],
    [
      'RNN',
      { activations: texts(['Gelu']) },
      `activations: attribute activations is Gelu | expected: ${RECURRENT_FUNCTIONS.join(', ')} | found: Gelu`,
    ],
    [
      'RNN',
      { activation_alpha: { type: 'floats', value: [1, 2] } },
      'activation_alpha: attribute activation_alpha is 2 more | expected: one value for each function that takes one | found: 2 more',
    ],
    [
      'RNN',
      { activation_beta: { type: 'floats', value: [1] } },
      'activation_beta: attribute activation_beta is 1 more | expected: one value for each function that takes one | found: 1 more',
    ],
    ['RNN', { clip: float(-1) }, 'clip: attribute clip is -1 | expected: a number from 0 | found: -1'],
    ['RNN', { clip: float(Number.NaN) }, 'clip: attribute clip is NaN | expected: a number from 0 | found: NaN'],
    ['GRU', { linear_before_reset: int(2) }, 'linear_before_reset: attribute linear_before_reset is 2 | expected: 0 or 1 | found: 2'],
    ['LSTM', { input_forget: int(-1) }, 'input_forget: attribute input_forget is -1 | expected: 0 or 1 | found: -1'],
  ])('%s %j is refused', (op, attributes, line) => {
    expect(said(() => readRecurrentNode(node(op, attributes)))).toBe(`3 E_ONNX_ATTRIBUTE | ${line}`);
  });

  const t = (...shape: number[]): Tensor => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });

  it('says which of its weights has another shape', () => {
    const lstm = readRecurrentNode(node('LSTM', { hidden_size: int(2), direction: text('bidirectional') }));
    const good: [Tensor, Tensor, Tensor, Tensor] = [t(2, 8, 3), t(2, 8, 2), t(2, 16), t(2, 6)];
    expect(directionWeights(lstm, ...good).map(w => [w.bias?.shape, w.peepholes?.shape])).toEqual([
      [
        [2, 8],
        [3, 2],
      ],
      [
        [2, 8],
        [3, 2],
      ],
    ]);
    const names = ['W', 'R', 'B', 'P'];
    const sizes = ['[2, 8, 3]', '[2, 8, 2]', '[2, 16]', '[2, 6]'];
    const words = ['gates·hidden_size, input_size', 'gates·hidden_size, hidden_size', '2·gates·hidden_size', '3·hidden_size'];
    const wrong = [t(1, 8, 3), t(2, 8, 3), t(2, 8), t(2, 8)];
    wrong.forEach((bad, i) => {
      const given = good.map((w, k) => (k === i ? bad : w)) as typeof good;
      const found = `[${bad.shape.join(', ')}]`;
      expect(said(() => directionWeights(lstm, ...given))).toBe(
        `3 E_WEIGHT_SHAPE | ${names[i]}: expected ${sizes[i]} = [directions, ${words[i]}], found ${found} | expected: ${sizes[i]} | found: ${found}`,
      );
    });
  });

  it('has a bias, two of them, and peepholes where they are given', () => {
    const gru = readRecurrentNode(node('GRU', { linear_before_reset: int(1), clip: float(0.5) }));
    const plain = { projection: null, clip: 0.5, inputForget: false, resetAfter: true };
    const [with_, without] = [t(1, 12), undefined].map(B => directionWeights(gru, t(1, 6, 3), t(1, 6, 2), B)[0]);
    expect(optionsOf(gru, with_)).toEqual({ ...plain, useBias: true, twoBiases: true, peepholes: false });
    expect(optionsOf(gru, without)).toEqual({ ...plain, useBias: false, twoBiases: false, peepholes: false });
    const lstm = readRecurrentNode(node('LSTM', { input_forget: int(1) }));
    const peeping = directionWeights(lstm, t(1, 8, 3), t(1, 8, 2), undefined, t(1, 6))[0];
    expect(optionsOf(lstm, peeping)).toMatchObject({ peepholes: true, inputForget: true, resetAfter: false, clip: null });
  });
});

describe('a network that is written', () => {
  const write = (
    layers: object[],
    initialStates?: ReadonlyMap<string, readonly Tensor[]>,
    input: object = { timesteps: 4, features: 3 },
  ) => {
    const model = checkSpec({ input, layers });
    const shapes = inferShapes(model);
    const ones = (shape: readonly number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1) });
    const weights = new Map(
      shapes.layers.flatMap(l => l.weights.map((w): [string, Tensor] => [`${l.layer.name}/${w.name}`, ones(w.shape)])),
    );
    return toOnnxModel(model, shapes, weights, { initialStates });
  };
  const steps = (layers: object[], input?: object) => {
    const { nodes, initializers } = write(layers, undefined, input).graph;
    const constant = (name: string) => {
      const value = initializers.get(name);
      return value?.dtype === 'i64' ? [...(value.data as BigInt64Array)].map(Number).join() : name;
    };
    return nodes.map(
      n =>
        `${n.opType}(${n.inputs.map(constant).join(' ')})${[...n.attributes].map(([key, a]) => ` ${key}=${(a as { value: unknown }).value}`).join('')}`,
    );
  };

  it('starts from the states it is given, forward in time first', () => {
    const state = (v: number): Tensor => ({ shape: [1, 2], data: new Float32Array(2).fill(v) });
    const layer = { kind: 'lstm', name: 'l', units: 2, bidirectional: 'concat' };
    const of = (goBackwards: boolean) => {
      const { initializers, nodes } = write([{ ...layer, goBackwards }], new Map([['l', [1, 2, 3, 4].map(state)]])).graph;
      return [
        ...['l.initial_h', 'l.initial_c'].map(name => [initializers.get(name)!.shape, [...(initializers.get(name)!.data as Float32Array)]]),
        nodes.find(n => n.opType === 'LSTM')!.inputs.slice(4),
      ];
    };
    const inputs = ['', 'l.initial_h', 'l.initial_c'];
    expect(of(false)).toEqual([
      [
        [2, 1, 2],
        [1, 1, 3, 3],
      ],
      [
        [2, 1, 2],
        [2, 2, 4, 4],
      ],
      inputs,
    ]);
    expect(of(true)).toEqual([
      [
        [2, 1, 2],
        [3, 3, 1, 1],
      ],
      [
        [2, 1, 2],
        [4, 4, 2, 2],
      ],
      inputs,
    ]);
  });

  it('is these nodes', () => {
    const rnn = { kind: 'rnn', name: 'r', units: 2, activation: 'relu', clip: 1.5, useBias: false };
    expect(steps([{ ...rnn, goBackwards: true, returnSequences: true }, { kind: 'maxpool' }])).toEqual([
      'Transpose(input) perm=1,0,2',
      'RNN(r/time/Transpose_out r.W r.R) hidden_size=2 direction=reverse activations=Relu clip=1.5',
      'Transpose(r/RNN_out0) perm=2,0,1,3',
      'Reshape(r/batch/Transpose_out 0,0,-1)',
      'Slice(r/merged/Reshape_out -1 -2147483648 1 -1)',
      'ReduceMax(r/reversed/Slice_out) axes=1 keepdims=0',
      'Identity(maxpool_1/ReduceMax_out)',
    ]);
    expect(
      steps([
        { ...rnn, bidirectional: 'ave', clip: null },
        { kind: 'dropout', rate: 0.5 },
        { kind: 'dense', units: 1, useBias: false },
      ]),
    ).toEqual([
      'Transpose(input) perm=1,0,2',
      'RNN(r/time/Transpose_out r.W r.R) hidden_size=2 direction=bidirectional activations=Relu,Relu',
      'Transpose(r/RNN_out1) perm=1,0,2',
      'Split(r/batch/Transpose_out) axis=1',
      'Reshape(r/ways/Split_out0 0,-1)',
      'Reshape(r/ways/Split_out1 0,-1)',
      'Mean(r/forward/Reshape_out r/backward/Reshape_out)',
      'MatMul(r/merged/Mean_out dense_1.weight)',
      'Identity(dense_1/MatMul_out)',
    ]);
    expect(
      steps([
        { kind: 'gru', name: 'g', units: 1, bidirectional: 'concat', goBackwards: true, activation: { name: 'elu', alpha: 0.5 } },
      ]).slice(1),
    ).toEqual([
      'GRU(g/time/Transpose_out g.W g.R g.B) hidden_size=1 direction=bidirectional activations=Sigmoid,Elu,Sigmoid,Elu activation_alpha=0.5,0.5 linear_before_reset=1',
      'Transpose(g/GRU_out1) perm=1,0,2',
      'Gather(g/batch/Transpose_out 1,0) axis=1',
      'Reshape(g/swapped/Gather_out 0,-1)',
      'Identity(g/merged/Reshape_out)',
    ]);
    expect(
      steps(
        [
          { kind: 'embedding', tokens: 5, units: 3 },
          { kind: 'lstm', name: 'l', units: 3, returnSequences: true, useBias: false, inputForget: true, outputActivation: 'softsign' },
          { kind: 'add', name: 'both', inputs: ['embedding_1', 'l'] },
          { kind: 'multiply', name: 'product', inputs: ['both', 'l', 'embedding_1'] },
          { kind: 'average', name: 'mean', inputs: ['both', 'product'] },
          { kind: 'concatenate', name: 'beside', inputs: ['mean', 'l'] },
          { kind: 'add', name: 'one', inputs: ['beside'] },
          { kind: 'avgpool' },
          { kind: 'repeat', times: 2 },
          { kind: 'flatten' },
          { kind: 'dense', units: 2, activation: 'silu' },
        ],
        { timesteps: null, features: null },
      ),
    ).toEqual([
      'Gather(embedding_1.weight input) axis=0',
      'Transpose(embedding_1/Gather_out) perm=1,0,2',
      'LSTM(l/time/Transpose_out l.W l.R) hidden_size=3 direction=forward activations=Sigmoid,Tanh,Softsign input_forget=1',
      'Transpose(l/LSTM_out0) perm=2,0,1,3',
      'Reshape(l/batch/Transpose_out 0,0,-1)',
      'Sum(embedding_1/Gather_out l/merged/Reshape_out)',
      'Mul(both/Sum_out l/merged/Reshape_out)',
      'Mul(product/Mul_out embedding_1/Gather_out)',
      'Mean(both/Sum_out product/Mul_out_2)',
      'Concat(mean/Mean_out l/merged/Reshape_out) axis=-1',
      'ReduceMean(beside/Concat_out) axes=1 keepdims=0',
      'Unsqueeze(avgpool_1/ReduceMean_out 1)',
      'Expand(repeat_1/column/Unsqueeze_out 1,2,1)',
      'Reshape(repeat_1/Expand_out 0,-1)',
      'MatMul(flatten_1/Reshape_out dense_1.weight)',
      'Add(dense_1/MatMul_out dense_1.bias)',
      'Sigmoid(dense_1/bias/Add_out)',
      'Mul(dense_1/bias/Add_out dense_1/activation/Sigmoid_out)',
      'Identity(dense_1/activation/Mul_out)',
    ]);
  });

  it('has one input and one output, the samples open, and names of its own', () => {
    const { irVersion, producerName, producerVersion, opsets, graph } = write([{ kind: 'rnn', name: 'input_1', units: 2 }], undefined, {
      timesteps: null,
      features: 3,
    });
    expect([irVersion, producerName, producerVersion, [...opsets]]).toEqual([8, 'rnn-cli', '', [['', 17]]]);
    expect([graph.inputs, graph.outputs]).toEqual([
      [{ name: 'input', dtype: 'f32', shape: ['N', 'T', 3] }],
      [{ name: 'output', dtype: 'f32', shape: ['N', 2] }],
    ]);
    const builder = newBuilder(['a', 'a_2']);
    expect([builder.constant('a', { shape: [1], data: Float64Array.of(0.1) }), builder.integers([2, -1]), builder.integers([3])]).toEqual([
      'a_3',
      'sizes',
      'sizes_2',
    ]);
    expect(builder.initializers.get('a_3')).toEqual({ shape: [1], dtype: 'f32', data: Float32Array.of(0.1) });
    expect(builder.initializers.get('sizes')).toEqual({ shape: [2], dtype: 'i64', data: BigInt64Array.of(2n, -1n) });
    expect(builder.add('X', ['a'], { axes: ints(1) }, 'n') + builder.add('X', [], {}, 'n')).toBe('n/X_outn/X_out_2');
    expect(builder.nodes.map(n => n.name)).toEqual(['n', 'n_2']);
    expect(builder.addMany('Y', [], 2)).toEqual(['Y_out0', 'Y_out1']);
    expect(builder.nodes[2]).toEqual(node('Y', {}, { outputs: ['Y_out0', 'Y_out1'] }));
  });
});
