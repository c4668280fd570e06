import { batched } from '../../src/engines/batched/engine.js';
import { specOfGraph } from '../../src/engines/graph/graphSpec.js';
import { layersOfGraph } from '../../src/engines/graph/layersOf.js';
import { RnnError } from '../../src/errors.js';
import { type GraphBuilder, int, newBuilder, text } from '../../src/formats/onnx/builder.js';
import type { OnnxModel } from '../../src/formats/onnx/graph.js';
import { inferShapes } from '../../src/model/shapes.js';
import { isRecurrent } from '../../src/model/spec.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { sizeOf } from '../../src/tensor/tensor.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { randomStream } from '../helpers/randomNetworks.js';

/** Graphs that state their initial states, as layers and operators against the same nodes one after the other. */
const [T, N, D, M] = [5, 2, 3, 4];
const OPTIONS = { dtype: 'f32', threads: 1, trace: false } as const;
const next = randomStream(11);
const draw = (...shape: number[]): Tensor => ({ shape, data: Float32Array.from({ length: sizeOf(shape) }, () => next() * 2 - 1) });
const [W, R, given] = [draw(1, 3 * M, D), draw(1, 3 * M, M), draw(1, 1, M)];
const x = draw(T, N, D);

/** x [T, N, D], sizes open, to a GRU's last state [1, N, M] */
function graphWith(state: (b: GraphBuilder) => string, behind = (_: GraphBuilder, y: string) => y): OnnxModel {
  const b = newBuilder(['x', 'y']);
  const wires = ['x', b.constant('W', W), b.constant('R', R), '', '', state(b)];
  const [, last] = b.addMany('GRU', wires, 2, { hidden_size: int(M), linear_before_reset: int(1) }, 'gru');
  b.nodes.push({ ...b.nodes[0], opType: 'Identity', inputs: [behind(b, last)], outputs: ['y'], attributes: new Map() });
  const inputs = [{ name: 'x', dtype: 'f32' as const, shape: ['T', 'N', D] }];
  const outputs = [{ name: 'y', dtype: 'f32' as const, shape: [1, 'N', M] }];
  const graph = { name: 'g', inputs, outputs, nodes: b.nodes, initializers: b.initializers };
  return { graph, opsets: new Map([['', 17]]), producerName: '', producerVersion: '', irVersion: 9 } as unknown as OnnxModel;
}

/** zeros [1, N − less, M] whose size is computed from x */
function zeros(b: GraphBuilder, less = 0): string {
  const batch = b.add('Slice', [b.add('Shape', ['x']), b.integers([1]), b.integers([2]), b.integers([0])]);
  const rows = less > 0 ? b.add('Sub', [batch, b.integers([less])]) : batch;
  const size = b.add('Concat', [b.integers([1]), rows, b.integers([M])], { axis: int(0) });
  return b.add('ConstantOfShape', [size]);
}

it.each([
  ['zeros', (b: GraphBuilder) => zeros(b), false],
  [
    'zeros under another axis',
    (b: GraphBuilder) => b.add('Squeeze', [b.add('Unsqueeze', [zeros(b), b.integers([0])]), b.integers([0])]),
    false,
  ],
  // whether there are as many as samples shows only when it runs
  ['zeros cut', (b: GraphBuilder) => b.add('Slice', [zeros(b), b.integers([0]), b.integers([2]), b.integers([1])]), true],
  ['zeros beside what is given', (b: GraphBuilder) => b.add('Concat', [zeros(b, 1), b.constant('h', given)], { axis: int(1) }), true],
  ['what is given beside zeros', (b: GraphBuilder) => b.add('Concat', [b.constant('h', given), zeros(b, 1)], { axis: int(1) }), true],
])('%s are the state that they are', async (_, state, isRead) => {
  const model = graphWith(state);
  const wired = specOfGraph(model);
  expect(wired.model.layers.filter(isRecurrent).map(layer => Boolean(layer.states))).toEqual([isRead]);
  const turned = { shape: [N, T, D], data: x.data.slice() };
  for (let t = 0; t < T; t++)
    for (let n = 0; n < N; n++) for (let d = 0; d < D; d++) turned.data[(n * T + t) * D + d] = x.data[(t * N + n) * D + d];
  const { y } = await batched.run(wired.model, wired.weights, { x: turned }, OPTIONS);
  const one = await batched.runGraph({ model, bytes: null }, new Map([['x', { kind: 'float', ...x }]]), OPTIONS);
  expectClose(y, one.get('y')!, TOLERANCE.float32);
});

it.each([
  ['dropout that draws', (b: GraphBuilder, y: string) => b.add('Dropout', [y, b.constant('p', draw(1)), b.scalar(1)]), 'is random'],
  ['a join of other ranks', (b: GraphBuilder, y: string) => b.add('Concat', [y, b.add('Shape', ['x'])], { axis: int(0) }), 'reads axes'],
  ['a type like that of sizes', (b: GraphBuilder, y: string) => b.add('CastLike', [y, b.add('Shape', ['x'])]), 'computed integers'],
  ['a recurrence without an input', (b: GraphBuilder, y: string) => b.add('GRU', ['', y, y]), 'X of GRU is not given'],
  ['a slice without ends', (b: GraphBuilder, y: string) => b.add('Slice', [y, b.integers([0])]), 'reads 3 to 5 operands, and 2 are given'],
  [
    'a product with a single number',
    (b: GraphBuilder, y: string) => b.add('MatMul', [y, b.add('Gather', [b.add('Shape', ['x']), b.scalar(0)])]),
    'MatMul reads axes',
  ],
  [
    'a stride that is text',
    (b: GraphBuilder, y: string) => b.add('ConvTranspose', [y, b.constant('k', draw(N, 3, 2))], { strides: text('2') }),
    'attribute strides of ConvTranspose has the wrong type',
  ],
  ['a shape that is left out', (b: GraphBuilder, y: string) => b.add('Reshape', [y]), 'Reshape reads 2 operands, and 1 is given'],
])('%s is said, and no layer', (_, behind, why) => {
  const model = graphWith(zeros, behind);
  expect(() => specOfGraph(model)).toThrow(RnnError);
  expect(layersOfGraph(model)).toEqual({ reason: expect.stringContaining(why) });
});

it.each([6, 7, 9])('numbers that are cast to type %i are no longer those of a layer', to => {
  const model = graphWith(zeros, (b, y) => b.add('Cast', [b.add('Cast', [y], { to: int(to) })], { to: int(1) }));
  expect(layersOfGraph(model)).toEqual({ reason: 'Cast changes the numbers' });
});

it('a reshape that may make axes of no size does not copy sizes', () => {
  const reshaped = (allowzero: number) =>
    graphWith(zeros, (b, y) => b.add('Reshape', [y, b.integers([0, 0, M])], { allowzero: int(allowzero) }));
  expect(specOfGraph(reshaped(0)).shapes.output.map(d => d.size)).toEqual([1, null, M]);
  expect(specOfGraph(reshaped(1)).shapes.output.map(d => d.size)).toEqual([0, 0, M]);
  expect(layersOfGraph(reshaped(1))).toEqual({ reason: 'Reshape gives an empty tensor' });
});

it('what doubles with every node is written in a few letters: an axis, and sizes that are computed from one', () => {
  const times = (value: string, next: (value: string) => string): string => Array.from({ length: 60 }).reduce<string>(next, value);
  const joined = graphWith(zeros, (b, y) => times(y, v => b.add('Concat', [v, v], { axis: int(1) })));
  const counted = (b: GraphBuilder, y: string) => times(b.add('Shape', [y]), v => b.add('Add', [v, v]));
  const sized = graphWith(zeros, (b, y) => b.add('Expand', [y, counted(b, y)]));
  const began = process.cpuUsage().user;
  const { output } = inferShapes(specOfGraph(joined).model);
  expect(output.map(({ symbol }) => symbol.length <= 80)).toEqual(output.map(() => true));
  expect(() => specOfGraph(sized)).toThrow(/^Expand cannot join .{1,150}$/);
  expect(process.cpuUsage().user - began).toBeLessThan(2e6);
});

it('products of constants that are far larger than the file are not computed to know what a graph is', () => {
  const wide = (b: GraphBuilder) => b.add('Expand', [b.scalar(1), b.integers([3000, 3000])]);
  const model = graphWith(zeros, (b, y) =>
    b.add('Add', [y, b.add('ReduceMax', [b.add('MatMul', [wide(b), wide(b)])], { keepdims: int(0) })]),
  );
  const began = process.cpuUsage().user;
  expect(layersOfGraph(model)).toEqual({ reason: 'Expand: its constants, once computed, are far larger than its file' });
  expect(process.cpuUsage().user - began).toBeLessThan(2e6);
});
