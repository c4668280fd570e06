import { evaluateGraph } from '../../src/engines/graph/evaluate.js';
import { manualKernels } from '../../src/engines/manual.js';
import { RnnError } from '../../src/errors.js';
import { type GraphBuilder, int, ints, newBuilder } from '../../src/formats/onnx/builder.js';
import type { OnnxAttribute, OnnxModel } from '../../src/formats/onnx/graph.js';
import { withLimits } from '../../src/run/limits.js';

/** What a graph may hold at once, and how long it may compute: in proportion to what it is given, or as it is asked for. */
const SMALL = { shape: [1, 2, 3], data: Float32Array.from({ length: 6 }, (_, k) => k / 7) };

function graphOf(build: (b: GraphBuilder) => string): OnnxModel {
  const b = newBuilder(['x', 'y']);
  const last = build(b);
  b.add('Identity', [last]);
  b.nodes.push({ ...b.nodes.pop()!, outputs: ['y'] });
  const outputs = [{ name: 'y', dtype: 'f32' as const, shape: null }];
  const inputs = [{ name: 'x', dtype: 'f32' as const, shape: SMALL.shape }];
  const graph = { name: 'g', inputs, outputs, nodes: b.nodes, initializers: b.initializers };
  return { irVersion: 8, opsets: new Map([['', 18]]), graph } as unknown as OnnxModel;
}

type Asked = Parameters<typeof withLimits>[0];

/** y, or the refusal's code. */
async function answer(build: (b: GraphBuilder) => string, asked: Asked = {}) {
  const x = { kind: 'float' as const, ...SMALL };
  try {
    return await withLimits(asked, async () => evaluateGraph(graphOf(build), new Map([['x', x]]), manualKernels('f32')).get('y')!.shape);
  } catch (error) {
    if (error instanceof RnnError) return error.code;
    throw error;
  }
}

const ones = (b: GraphBuilder, ...shape: number[]) => b.add('ConstantOfShape', [b.integers(shape)]);
const loop = (b: GraphBuilder, rounds: number, carried: readonly string[], body: (...given: string[]) => string[], collected = 0) => {
  const names = carried.map((_, i) => `carried${i}`);
  const inputs = ['round', 'going', ...names].map(name => ({ name, dtype: 'f32' as const, shape: null }));
  const graph = b.inside('body', inputs, () => ['going', ...body(...names)]);
  return b.addMany('Loop', [b.scalar(rounds), '', ...carried], carried.length + collected, { body: graph as OnnxAttribute });
};

describe('a small graph that asks for much', () => {
  it.each<[string, (b: GraphBuilder) => string]>([
    ['a loop that doubles what it carries', b => loop(b, 60, ['x'], a => [b.add('Concat', [a, a], { axis: int(0) })])[0]],
    ['a loop that collects', b => loop(b, 1000, ['x'], a => [a, ones(b, 1000, 1000)], 1)[1]],
    [
      'many values that are read at the end',
      b =>
        b.add(
          'Sum',
          [...Array(40)].map(() => ones(b, 10_000_000)),
        ),
    ],
    ['an order of 50 million numbers', b => b.addMany('TopK', [ones(b, 50_000_000), b.integers([7])], 2)[0]],
    ['a product', b => b.add('MatMul', [ones(b, 9000, 1), ones(b, 1, 9000)])],
    ['a window as large as what it slides over', b => b.add('Conv', [ones(b, 1, 1, 3000, 3000), ones(b, 1, 1, 1500, 1500)])],
    ['a spectrum, which is a matrix', b => b.add('DFT', [ones(b, 1, 1_000_000, 1)], { axis: int(1) })],
    ['padding', b => b.add('MaxPool', [ones(b, 1, 1, 10)], { kernel_shape: ints(2 ** 31), pads: ints(2 ** 31, 2 ** 31) })],
    ['a recurrence', b => b.addMany('RNN', [ones(b, 9000, 100, 8), ones(b, 1, 99, 8), ones(b, 1, 99, 99)], 1, { hidden_size: int(99) })[0]],
    ['more numbers of a list than it has', b => b.add('SequenceLength', [b.add('SplitToSequence', [ones(b, 5_000_000)])])],
    ['each of many numbers once', b => b.add('Unique', [ones(b, 5_000_000)])],
    ['numbers between numbers', b => b.add('Resize', [ones(b, 1, 1, 8), '', b.constant('s', { shape: [3], data: [1, 1, 1e6] as never })])],
  ])('is refused by its size: %s', async (_what, build) => {
    const began = process.cpuUsage().user;
    expect(await answer(build)).toBe('E_MEMORY');
    expect(process.cpuUsage().user - began).toBeLessThan(4e6);
  });

  it.each<[string, (b: GraphBuilder) => string]>([
    ['a loop without end', b => loop(b, 2 ** 52, ['x'], a => [b.add('Neg', [a])])[0]],
    ['a loop without end or nodes', b => loop(b, 2 ** 52, ['x'], a => [a])[0]],
    [
      'a sum over two sets of numbers',
      b => b.add('Einsum', [ones(b, 1e6), ones(b, 1e6)], { equation: { type: 'string', value: 'i,j->' } }),
    ],
    ['a window at many places', b => b.add('AveragePool', [ones(b, 1, 1, 1000, 1000)], { kernel_shape: ints(700, 700) })],
    ['neighbours', b => b.add('LRN', [ones(b, 1, 9000, 100)], { size: int(9000) })],
    ['whole numbers', b => b.add('MatMulInteger', [b.add('Cos', [ones(b, 1500, 1500)]), ones(b, 1500, 1500)])],
    ['rows of the engine', b => b.add('MatMul', [ones(b, 1500, 1500), b.add('Exp', [ones(b, 1500, 1500)])])],
  ])('is stopped when its time is over: %s', async (_what, build) => {
    const began = process.cpuUsage().user;
    expect(await answer(build, { maxTime: 0.05, maxMemory: 2 ** 30 })).toBe('E_LIMIT_TIME');
    expect(process.cpuUsage().user - began).toBeLessThan(10e6);
  });

  it('is refused before it runs where no kernel would be quick enough', async () => {
    const began = process.cpuUsage().user;
    expect(await answer(b => b.add('MatMul', [ones(b, 900, 900), ones(b, 900, 900)]), { maxTime: 0.01 })).toBe('E_LIMIT_TIME');
    expect(process.cpuUsage().user - began).toBeLessThan(10e6);
  });
});

describe('what is held', () => {
  const KB40 = 10_000;
  const asked = { maxMemory: 4.5 * 4 * KB40 };

  it('is what still has a reader: a chain of any length fits', async () => {
    const chain = (b: GraphBuilder) => [...Array(100)].reduce<string>(v => b.add('Exp', [b.add('Neg', [v])]), ones(b, KB40));
    expect(await answer(chain, asked)).toEqual([KB40]);
  });

  it('and values that wait for theirs do not', async () => {
    const wide = (b: GraphBuilder) =>
      b.add(
        'Sum',
        [...Array(5)].map(() => ones(b, KB40)),
      );
    expect(await answer(wide, asked)).toBe('E_MEMORY');
  });

  it('numbers under several names count once', async () => {
    const names = (b: GraphBuilder) => {
      const v = ones(b, KB40);
      return b.add('Sum', [v, ...[...Array(9)].map(() => b.add('Reshape', [v, b.integers([-1])]))]);
    };
    expect(await answer(names, asked)).toEqual([KB40]);
  });

  it('a loop holds what the last round gave', async () => {
    const rounds = (b: GraphBuilder) => loop(b, 50, [ones(b, KB40)], a => [b.add('Neg', [a])])[0];
    expect(await answer(rounds, asked)).toEqual([KB40]);
  });

  it('and what all of them collect, with their sum', async () => {
    const rounds = (n: number) => (b: GraphBuilder) => loop(b, n, ['x'], a => [a, ones(b, KB40)], 1)[1];
    expect(await answer(rounds(2), asked)).toEqual([2, KB40]);
    expect(await answer(rounds(3), asked)).toBe('E_MEMORY');
  });

  it('the tensors of a sequence count', async () => {
    const list = (b: GraphBuilder) => {
      const items = b.add(
        'SequenceConstruct',
        [...Array(4)].map(() => ones(b, KB40)),
      );
      return b.add('Add', [ones(b, KB40), b.add('SequenceAt', [items, b.scalar(1)])]);
    };
    expect(await answer(list, asked)).toBe('E_MEMORY');
    expect(await answer(list, { maxMemory: 8 * 4 * KB40 })).toEqual([KB40]);
  });
});
