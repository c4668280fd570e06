import { batched } from '../../src/engines/batched/engine.js';
import { layersOfGraph } from '../../src/engines/graph/layersOf.js';
import { type GraphBuilder, int, ints, newBuilder, text } from '../../src/formats/onnx/builder.js';
import type { OnnxModel } from '../../src/formats/onnx/graph.js';
import { sizeOf, type Tensor } from '../../src/tensor/tensor.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { randomStream } from '../helpers/randomNetworks.js';

/**
 * Random graphs of the nodes that networks are made of, in any order and along any axes: where one is read as layers, the layers compute what its
 * nodes do. Samples, steps and features are as many, so that every node fits every value and a wrong axis is no error but other numbers.
 */
const S = 4;
const GRAPHS = 800;
const OPTIONS = { dtype: 'f32', threads: 1, trace: false } as const;

interface Drawing {
  readonly b: GraphBuilder;
  readonly pick: <T>(...all: readonly T[]) => T;
  readonly weight: (...shape: number[]) => string;
}

const turned = (b: GraphBuilder, x: string) => b.add('Transpose', [x], { perm: ints(1, 0, 2) });

const NODES: readonly ((drawing: Drawing, x: string, other: string) => string)[] = [
  ({ b, pick }, x) => b.add('Transpose', [x], { perm: pick(ints(1, 0, 2), ints(1, 0, 2), ints(0, 2, 1), ints(2, 0, 1)) }),
  ({ b, weight }, x) => b.add('MatMul', [x, weight(S, S)]),
  ({ b, weight }, x) => b.add('Add', [x, weight(S)]),
  ({ b, pick }, x) => b.add(pick('Relu', 'Tanh', 'Sigmoid', 'Softsign'), [x]),
  ({ b }, x) => b.add('Softmax', [x], { axis: int(-1) }),
  ({ b }, x, other) => b.add('Mul', [other, b.add('Sigmoid', [x])]),
  ({ b, pick }, x) => {
    const gate = b.add('Sigmoid', [x]);
    return b.add('Add', [b.add('Mul', [x, gate]), pick(x, gate)]);
  },
  // along other axes, of a product that may be read elsewhere, too
  (drawing, x) => {
    const { b, weight, pick } = drawing;
    const perm = pick(ints(0, 2, 1), ints(1, 0, 2));
    const product = b.add('MatMul', [x, weight(S, S)]);
    const inside = pick(...NODES.slice(2, 5))(drawing, b.add('Transpose', [product], { perm }), '');
    const back = b.add('Transpose', [inside], { perm });
    return pick(true, false) ? back : b.add('Add', [back, product]);
  },
  ({ b, pick }, x, other) => b.add(pick('Mul', 'Add', 'Mean'), [x, other]),
  ({ b, pick }, x) => b.add('Slice', [x, ...[-1, -(2 ** 40), pick(0, 1), -1].map(n => b.integers([n]))]),
  ({ b }, x) => b.add('Reshape', [x, b.integers([0, 0, -1])]),
  ({ b, weight, pick }, x) => {
    const attributes = { hidden_size: int(S), direction: text(pick('forward', 'reverse')) };
    const [Y] = b.addMany('GRU', [turned(b, x), weight(1, 3 * S, S), weight(1, 3 * S, S)], 2, attributes);
    return turned(b, b.add('Squeeze', [Y, b.integers([1])]));
  },
  ({ b, weight, pick }, x) => {
    const attributes = { hidden_size: int(S), direction: text('bidirectional') };
    const [Y] = b.addMany('RNN', [turned(b, x), weight(2, S, S), weight(2, S, S)], 2, attributes);
    const ways = pick([0, 1], [0, 1], [-2, -1], [1, 0], [0, 0]).map(way => b.add('Gather', [Y, b.scalar(way)], { axis: int(1) }));
    return turned(b, b.add(pick('Mul', 'Add', 'Mean'), ways));
  },
];

function drawn(seed: number): { model: OnnxModel; x: Tensor } {
  const next = randomStream(seed);
  const pick = <T>(...all: readonly T[]): T => all[Math.floor(next() * all.length)];
  const numbers = (...shape: number[]): Tensor => ({ shape, data: Float32Array.from({ length: sizeOf(shape) }, () => next() * 2 - 1) });
  const b = newBuilder(['x', 'y']);
  const drawing: Drawing = { b, pick, weight: (...shape) => b.constant('weight', numbers(...shape)) };
  const values = ['x'];
  // mostly one behind the other, sometimes from further back
  const some = () => (next() < 0.8 ? values[values.length - 1] : pick(...values));
  for (let n = 2 + Math.floor(next() * 5); n > 0; n--) values.push(pick(...NODES)(drawing, some(), some()));
  b.nodes.push({ ...b.nodes[0], opType: 'Identity', inputs: [values[values.length - 1]], outputs: ['y'], attributes: new Map() });
  const value = (name: string) => ({ name, dtype: 'f32' as const, shape: [S, S, S] });
  const graph = { name: 'g', inputs: [value('x')], outputs: [value('y')], nodes: b.nodes, initializers: b.initializers };
  return { model: { graph, opsets: new Map([['', 17]]), producerName: '', producerVersion: '', irVersion: 9 }, x: numbers(S, S, S) };
}

it(`of ${GRAPHS} random graphs those that are layers compute what their nodes do`, async () => {
  const kinds = new Map<string, number>();
  for (let seed = 0; seed < GRAPHS; seed++) {
    const { model, x } = drawn(seed);
    const read = layersOfGraph(model);
    if (!('model' in read) || !read.exact) continue;
    for (const { kind } of read.model.layers) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    const { y } = await batched.run(read.model, read.weights, { x }, OPTIONS);
    const nodes = await batched.runGraph({ model, bytes: null }, new Map([['x', { kind: 'float', ...x }]]), OPTIONS);
    try {
      expectClose(y, nodes.get('y')!, TOLERANCE.float32);
    } catch (error) {
      throw new Error(`seed ${seed}: ${model.graph.nodes.map(n => n.opType).join(' ')}: ${error}`);
    }
  }
  expect([...kinds].filter(([, count]) => count < 20)).toEqual([]);
  expect([...kinds.keys()].sort()).toEqual(['activation', 'add', 'average', 'dense', 'gru', 'multiply', 'rnn']);
});
