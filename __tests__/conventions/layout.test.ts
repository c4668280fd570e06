import type { Convention, WritableConvention } from '../../src/conventions/convention.js';
import { getConvention } from '../../src/conventions/index.js';
import { kerasNames } from '../../src/conventions/keras/names.js';
import { kerasPaths } from '../../src/conventions/keras/paths.js';
import { directionWeights, readRecurrentNode } from '../../src/conventions/onnx/recurrentNode.js';
import { toOnnxModel } from '../../src/conventions/onnx/write.js';
import { checkSpec } from '../../src/model/check.js';
import type { FrameworkName } from '../../src/model/frameworks.js';
import { inferShapes, type ModelShapes } from '../../src/model/shapes.js';
import type { ModelSpec } from '../../src/model/spec.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import type { Weights } from '../../src/weights/weights.js';

/**
 * Where every number of a recurrent layer stands in each framework's arrays. A weight's value says what it is: which role and direction, which
 * input or unit it comes from, which gate and unit it goes to; so each array is written down here from its definition alone.
 */
const [D, M] = [3, 2];

/** Column blocks as ours, and as the frameworks order them, in our letters. */
const ORDERS: Record<string, { ours: string; keras: string; torch: string; onnx: string }> = {
  rnn: { ours: 'h', keras: 'h', torch: 'h', onnx: 'h' },
  lstm: { ours: 'ifgo', keras: 'ifgo', torch: 'ifgo', onnx: 'iofg' },
  gru: { ours: 'zrg', keras: 'zrg', torch: 'rzg', onnx: 'zrg' },
};

type Role = 'Wx' | 'Wh' | 'bias' | 'recurrent bias' | 'Wp' | 'p';
const ROLES: readonly Role[] = ['Wx', 'Wh', 'bias', 'recurrent bias', 'Wp', 'p'];

const value = (role: Role, backward: boolean, from: number, gate: string, unit: number) =>
  ROLES.indexOf(role) * 1000 + Number(backward) * 500 + from * 100 + 'hifgozr'.indexOf(gate) * 10 + unit;

const array = (shape: number[], numbers: number[]): Tensor => ({ shape, data: Float32Array.from(numbers) });
const range = (n: number) => Array.from({ length: n }, (_, k) => k);
const units = (order: string) => [...order].flatMap(gate => range(M).map(unit => ({ gate, unit })));

/** [from, gates in this order] */
const columns = (role: Role, backward: boolean, rows: number, order: string) =>
  array(
    [rows, order.length * M],
    range(rows).flatMap(from => units(order).map(({ gate, unit }) => value(role, backward, from, gate, unit))),
  );
/** [gates in this order, from] */
const rows = (role: Role, backward: boolean, width: number, order: string) =>
  array(
    [order.length * M, width],
    units(order).flatMap(({ gate, unit }) => range(width).map(from => value(role, backward, from, gate, unit))),
  );
const bias = (role: Role, backward: boolean, order: string) => columns(role, backward, 1, order).data;
const vector = (role: Role, backward: boolean, order: string) => array([order.length * M], [...bias(role, backward, order)]);
const both = (backward: boolean, order: string) =>
  array([2, order.length * M], [...bias('bias', backward, order), ...bias('recurrent bias', backward, order)]);

interface Kind {
  readonly kind: string;
  readonly two: boolean;
  readonly bidirectional: boolean;
}

const KINDS: Kind[] = ['rnn', 'lstm', 'gru'].flatMap(kind =>
  [false, true].flatMap(two => [false, true].map(bidirectional => ({ kind, two, bidirectional }))),
);
const title = ({ kind, two, bidirectional }: Kind) => `${kind}${two ? ', two biases' : ''}${bidirectional ? ', both ways' : ''}`;
const named = KINDS.map(k => [title(k), k] as const);

function network(
  { kind, two, bidirectional }: Kind,
  more: object = {},
  framework: FrameworkName = 'keras',
): { model: ModelSpec; shapes: ModelShapes; weights: Weights } {
  const layer = {
    name: 'layer',
    kind,
    units: M,
    twoBiases: kind !== 'gru' && two,
    bidirectional: bidirectional ? 'concat' : null,
    ...(kind === 'gru' ? { resetAfter: two } : {}),
    ...more,
  };
  const model = checkSpec({ input: { timesteps: 4, features: D }, layers: [layer] }, framework);
  const { ours } = ORDERS[kind];
  const weights = new Map<string, Tensor>();
  for (const backward of bidirectional ? [false, true] : [false]) {
    const way = bidirectional ? (backward ? 'backward/' : 'forward/') : '';
    weights.set(`layer/${way}Wx`, columns('Wx', backward, D, ours));
    weights.set(`layer/${way}Wh`, columns('Wh', backward, M, ours));
    weights.set(`layer/${way}bh`, two ? both(backward, ours) : vector('bias', backward, ours));
  }
  return { model, shapes: inferShapes(model), weights };
}

const plain = (tensors: ReadonlyMap<string, Tensor>) => [...tensors].map(([name, { shape, data }]) => [name, shape, [...data]]);

interface Network {
  readonly shapes: ModelShapes;
  readonly weights: Weights;
}

/** What is written has these names, in this order, and these numbers; read again it is ours. */
function expectWritten(convention: WritableConvention, { shapes, weights }: Network, expected: [string, Tensor][]): void {
  const written = convention.fromWeights(shapes, weights);
  expect(plain(written)).toEqual(plain(new Map(expected)));
  expect([...written.values()].map(t => t.dtype)).toEqual(expected.map(() => 'f32'));
  expectRead(convention, { shapes, weights }, expected);
}

/** These names are of the convention, and what they hold is ours. */
function expectRead(convention: Convention, { shapes, weights }: Network, tensors: [string, Tensor][]): void {
  expect(convention.detect(tensors.map(([name]) => name))).toBe(true);
  expect(plain(convention.toWeights(shapes, new Map(tensors)))).toEqual(plain(weights));
}

const byName = ([a]: [string, Tensor], [b]: [string, Tensor]) => (a < b ? -1 : 1);

const KERAS_CLASSES: Record<string, string> = { rnn: 'simple_rnn', lstm: 'lstm', gru: 'gru' };

describe.each(named)('%s', (_, kind) => {
  const order = ORDERS[kind.kind];
  const ways = kind.bidirectional ? [false, true] : [false];
  const keras = ways.flatMap(backward => [
    columns('Wx', backward, D, order.keras),
    columns('Wh', backward, M, order.keras),
    kind.two ? both(backward, order.keras) : vector('bias', backward, order.keras),
  ]);

  it('is kernel, recurrent kernel and bias in Keras, all forward before all backward', () => {
    const net = network(kind);
    expectWritten(
      getConvention('keras'),
      net,
      keras.map((t, i) => [`arr_${i}`, t]),
    );
    const group = kind.bidirectional ? 'bidirectional' : KERAS_CLASSES[kind.kind];
    const way = (i: number, end: string) => (kind.bidirectional ? `${i < 3 ? 'forward' : 'backward'}_${end}/` : '');
    // .weights.h5 and legacy .h5 files, in whatever order they list their arrays
    expectRead(
      kerasPaths,
      net,
      keras.map((t, i): [string, Tensor] => [`layers/${group}/${way(i, 'layer')}cell/vars/${i % 3}`, t]).sort(byName),
    );
    const roles = ['kernel', 'recurrent_kernel', 'bias'];
    for (const root of ['', 'model_weights/', 'sequential/'])
      for (const end of ['', ':0'])
        expectRead(
          kerasNames,
          net,
          keras
            .map((t, i): [string, Tensor] => [`${root}layer/${way(i, kind.kind)}${kind.kind}_cell/${roles[i % 3]}${end}`, t])
            .sort(byName),
        );
  });

  it('is under our own names as it is', () => {
    const net = network(kind);
    expectWritten(getConvention('rnn-cli'), net, [...net.weights]);
  });

  it('is turned in PyTorch, reset before update, the second bias zero where there is one', () => {
    if (kind.kind === 'gru' && !kind.two) return; // PyTorch has no GRU with the reset before the product
    const net = network(kind, {}, 'torch');
    const zero = array([order.torch.length * M], range(order.torch.length * M).fill(0));
    expectWritten(
      getConvention('torch'),
      net,
      ways.flatMap((backward): [string, Tensor][] => {
        const end = `l0${backward ? '_reverse' : ''}`;
        return [
          [`rnn.weight_ih_${end}`, rows('Wx', backward, D, order.torch)],
          [`rnn.weight_hh_${end}`, rows('Wh', backward, M, order.torch)],
          [`rnn.bias_ih_${end}`, vector('bias', backward, order.torch)],
          [`rnn.bias_hh_${end}`, kind.two ? vector('recurrent bias', backward, order.torch) : zero],
        ];
      }),
    );
  });

  it('is stacked by direction and turned in ONNX, both biases in one row', () => {
    const { model, shapes, weights } = network(kind);
    const written = toOnnxModel(model, shapes, weights).graph;
    const stacked = (shape: number[], of: (backward: boolean) => ArrayLike<number>) =>
      array(
        [ways.length, ...shape],
        ways.flatMap(backward => Array.from(of(backward))),
      );
    const G = order.onnx.length;
    const [W, R, B] = [
      stacked([G * M, D], backward => rows('Wx', backward, D, order.onnx).data),
      stacked([G * M, M], backward => rows('Wh', backward, M, order.onnx).data),
      stacked([2 * G * M], backward => [
        ...bias('bias', backward, order.onnx),
        ...(kind.two ? bias('recurrent bias', backward, order.onnx) : range(G * M).fill(0)),
      ]),
    ];
    const found = ['W', 'R', 'B'].map(name => written.initializers.get(`layer.${name}`)!);
    expect(found.map(t => [t.shape, t.dtype, [...(t.data as Float32Array)]])).toEqual([W, R, B].map(t => [t.shape, 'f32', [...t.data]]));
    const node = readRecurrentNode(written.nodes.find(n => n.opType === kind.kind.toUpperCase())!);
    const read = directionWeights(node, W, R, B);
    const zeros = range(order.ours.length * M).fill(0);
    expect(read.map(t => [[...t.kernel.data], [...t.recurrentKernel.data], t.bias!.shape, [...t.bias!.data]])).toEqual(
      ways.map(backward => [
        [...columns('Wx', backward, D, order.ours).data],
        [...columns('Wh', backward, M, order.ours).data],
        [2, order.ours.length * M],
        [...bias('bias', backward, order.ours), ...(kind.two ? bias('recurrent bias', backward, order.ours) : zeros)],
      ]),
    );
  });
});

it('a projection is weight_hr [P, M] in PyTorch, and Wh reads P numbers', () => {
  const P = 1;
  const net = network({ kind: 'lstm', two: true, bidirectional: false }, { projection: P }, 'torch');
  const weights = new Map([
    ...net.weights,
    ['layer/Wh', columns('Wh', false, P, 'ifgo')],
    ['layer/Wp', array([M, P], [value('Wp', false, 0, 'h', 0), value('Wp', false, 1, 'h', 0)])],
  ]);
  expectWritten(getConvention('torch'), { shapes: net.shapes, weights }, [
    ['rnn.weight_ih_l0', rows('Wx', false, D, 'ifgo')],
    ['rnn.weight_hh_l0', rows('Wh', false, P, 'ifgo')],
    ['rnn.bias_ih_l0', vector('bias', false, 'ifgo')],
    ['rnn.bias_hh_l0', vector('recurrent bias', false, 'ifgo')],
    ['rnn.weight_hr_l0', array([P, M], [value('Wp', false, 0, 'h', 0), value('Wp', false, 1, 'h', 0)])],
  ]);
});

it("ONNX's peepholes stay in their order, i, o, f", () => {
  const { model, shapes, weights } = network({ kind: 'lstm', two: false, bidirectional: false }, { peepholes: true });
  const p = array([3, M], range(3 * M));
  const { initializers, nodes } = toOnnxModel(model, shapes, new Map([...weights, ['layer/p', p]])).graph;
  expect(initializers.get('layer.P')).toEqual({ shape: [1, 3 * M], dtype: 'f32', data: p.data });
  expect(nodes.find(n => n.opType === 'LSTM')!.inputs).toEqual([
    'layer/time/Transpose_out',
    'layer.W',
    'layer.R',
    'layer.B',
    '',
    '',
    '',
    'layer.P',
  ]);
});

describe('a whole network', () => {
  const spec = {
    input: { timesteps: 4, features: null },
    layers: [
      { kind: 'embedding', tokens: 9, units: 3 },
      { kind: 'dropout', rate: 0.5 },
      { kind: 'lstm', units: 2, twoBiases: true, returnSequences: true },
      { kind: 'lstm', units: 2, twoBiases: true, returnSequences: true },
      { kind: 'lstm', units: 4, twoBiases: true, useBias: false, bidirectional: 'sum', returnSequences: true },
      { kind: 'dense', units: 3, timeDistributed: true },
      { kind: 'rnn', units: 5, twoBiases: true },
      { kind: 'dense', units: 2, useBias: false },
      { kind: 'dense', units: 1 },
    ],
  };

  function drawn(framework: FrameworkName, layers: object[] = spec.layers): Network {
    const shapes = inferShapes(checkSpec({ ...spec, layers }, framework));
    const all = shapes.layers.flatMap(({ layer, weights }) => weights.map(w => ({ key: `${layer.name}/${w.name}`, shape: [...w.shape] })));
    const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
    return {
      shapes,
      weights: new Map(
        all.map(({ key, shape }, i) => [
          key,
          array(
            shape,
            range(size(shape)).map(k => 100 * i + k),
          ),
        ]),
      ),
    };
  }

  const namesIn = (convention: string, { shapes, weights }: Network) => [...getConvention(convention).fromWeights(shapes, weights).keys()];

  it('has one module in PyTorch for layers of one kind and size, and a new name for every other', () => {
    const layer = (name: string, ...roles: string[]) => roles.map(role => `${name.replace('*', role)}`);
    const all = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'];
    expect(namesIn('torch', drawn('torch'))).toEqual([
      'embedding.weight',
      ...layer('rnn.*_l0', ...all),
      ...layer('rnn.*_l1', ...all),
      ...layer('rnn2.*_l0', 'weight_ih', 'weight_hh'),
      ...layer('rnn2.*_l0_reverse', 'weight_ih', 'weight_hh'),
      'fc.weight',
      'fc.bias',
      ...layer('rnn3.*_l0', ...all),
      'fc2.weight',
      'fc3.weight',
      'fc3.bias',
    ]);
  });

  it("numbers layers of a class in Keras' files, those without weights too, and counts arrays in order", () => {
    const net = drawn(
      'keras',
      spec.layers.map(layer => ({ ...layer, twoBiases: undefined })),
    );
    expect(namesIn('keras', net)).toEqual(range(19).map(i => `arr_${i}`));
    expect(namesIn('rnn-cli', net).slice(-4)).toEqual(['rnn_4/bh', 'dense_2/Wo', 'dense_3/Wo', 'dense_3/bo']);
    const arrays = (group: string, count = 3) => range(count).map(i => `layers/${group}/vars/${i}`);
    const paths = [
      ...arrays('embedding', 1),
      ...arrays('lstm/cell'),
      ...arrays('lstm_1/cell'),
      ...arrays('bidirectional/forward_layer/cell', 2),
      ...arrays('bidirectional/backward_layer/cell', 2),
      ...arrays('time_distributed/layer', 2),
      ...arrays('simple_rnn/cell'),
      ...arrays('dense', 1),
      ...arrays('dense_1', 2),
    ];
    // Keras' gate order is ours: the arrays are the weights one by one
    expectRead(kerasPaths, net, [...net.weights.values()].map((t, i): [string, Tensor] => [paths[i], t]).reverse());
  });

  it('has modules of their own for layers that do not read one another, and finds each by its shape', () => {
    const lstm = { kind: 'lstm', units: 2, useBias: false };
    const shapes = inferShapes(
      checkSpec(
        {
          input: { timesteps: 4, features: 3 },
          layers: [
            { ...lstm, name: 'a', returnSequences: true },
            { ...lstm, name: 'b', returnSequences: true, inputs: ['input'] },
            { kind: 'concatenate', name: 'both', inputs: ['a', 'b'] },
            { ...lstm, name: 'c' },
          ],
        },
        'torch',
      ),
    );
    const names = (D: number, name: string): [string, Tensor][] => [
      [`${name}.weight_ih_l0`, array([8, D], range(8 * D))],
      [`${name}.weight_hh_l0`, array([8, 2], range(16))],
    ];
    const torch = getConvention('torch');
    const read = torch.toWeights(shapes, new Map([...names(4, 'last'), ...names(3, 'first'), ...names(3, 'second')]));
    expect([...read].map(([key, t]) => `${key} ${t.shape}`)).toEqual([
      'a/Wx 3,8',
      'a/Wh 2,8',
      'b/Wx 3,8',
      'b/Wh 2,8',
      'c/Wx 4,8',
      'c/Wh 2,8',
    ]);
    expect([...torch.fromWeights(shapes, read).keys()].filter(name => /ih/.test(name))).toEqual([
      'rnn.weight_ih_l0',
      'rnn2.weight_ih_l0',
      'rnn3.weight_ih_l0',
    ]);
  });
});
