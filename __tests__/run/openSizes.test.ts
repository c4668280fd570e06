import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GraphBuilder, int, ints, newBuilder } from '../../src/formats/onnx/builder.js';
import type { OnnxGraph, OnnxModel } from '../../src/formats/onnx/graph.js';
import { writeOnnx } from '../../src/formats/onnx.js';
import { runForward } from '../../src/run/forward.js';
import { sizeOf, type Tensor } from '../../src/tensor/tensor.js';
import { withFolder } from '../helpers/inputFile.js';
import { randomStream } from '../helpers/randomNetworks.js';
import { runCli } from '../helpers/runCli.js';

/** Graphs as torch.onnx.export writes them with every axis of every input dynamic: weights say what an axis must be, or a flag is asked for. */
const next = randomStream(7);
const draw = (...shape: number[]): Tensor => ({ shape, data: Float32Array.from({ length: sizeOf(shape) }, () => next() * 2 - 1) });
type Inputs = Readonly<Record<string, number>>;

const value = (name: string) => ({ name, dtype: 'f32' as const, shape: null });

/** @param ranks inputs by name, with how many axes each has; every size is open */
function graphOf(ranks: Inputs, build: (b: GraphBuilder) => string): OnnxModel {
  const b = newBuilder([...Object.keys(ranks), 'y']);
  const from = build(b);
  const last = { name: '', opType: 'Identity', domain: '', inputs: [from], outputs: ['y'], attributes: new Map() };
  const inputs = Object.entries(ranks).map(([name, rank]) => ({
    ...value(name),
    shape: Array.from({ length: rank }, (_, i) => `${name}_${i}`),
  }));
  const graph = { name: 'g', inputs, outputs: [value('y')], nodes: [...b.nodes, last], initializers: b.initializers };
  return { irVersion: 9, producerName: 'test', producerVersion: '1', opsets: new Map([['', 17]]), graph };
}

function ran<T>(model: OnnxModel, run: (file: string, folder: string) => Promise<T>): Promise<T> {
  return withFolder(async folder => {
    const file = join(folder, 'm.onnx');
    writeFileSync(file, await writeOnnx(model));
    return run(file, folder);
  });
}

const shapesOf = (model: OnnxModel, ...flags: string[]) => ran(model, file => runCli(['shapes', file, ...flags]));
/** sizes of every input, as the table shows them */
const inputSizes = (stdout: string) =>
  stdout.split('\n').flatMap(line => (/^ (input| {5}) +[xhc] /.test(line) ? (/[\w']+(×[\w']+)+/.exec(line)?.[0] ?? []) : []));

const lstm = (b: GraphBuilder, x: string, D: number, M: number, states: readonly string[] = []) =>
  b.addMany('LSTM', [x, b.constant('W', draw(1, 4 * M, D)), b.constant('R', draw(1, 4 * M, M)), '', '', ...states], 1, {
    hidden_size: int(M),
  })[0];
const turned = (b: GraphBuilder, x: string, ...perm: number[]) => b.add('Transpose', [x], { perm: ints(...perm) });
const conv = (b: GraphBuilder, x: string, ...kernel: number[]) => b.add('Conv', [x, b.constant('K', draw(...kernel))]);

type Case = readonly [what: string, sizes: readonly string[], ranks: Inputs, build: (b: GraphBuilder) => string];
const CASES: readonly Case[] = [
  ['a product', ['N×T×5'], { x: 3 }, b => b.add('MatMul', ['x', b.constant('W', draw(5, 4))])],
  [
    'a product of rows',
    ['N×5'],
    { x: 2 },
    b => b.add('Gemm', ['x', b.constant('W', draw(4, 5)), b.constant('b', draw(4))], { transB: int(1) }),
  ],
  ['a convolution in time', ['N×3×T'], { x: 3 }, b => conv(b, 'x', 6, 3, 2)],
  ['one over steps before features', ['N×T×3'], { x: 3 }, b => conv(b, turned(b, 'x', 0, 2, 1), 6, 3, 2)],
  ['one over pixels, in groups', ['N×4×H×W'], { x: 4 }, b => b.add('Conv', ['x', b.constant('K', draw(6, 2, 3, 2))], { group: int(2) })],
  [
    'a normalisation of channels',
    ['N×T×6'],
    { x: 3 },
    b =>
      turned(
        b,
        b.add('BatchNormalization', [turned(b, 'x', 0, 2, 1), ...['g', 'b', 'm'].map(n => b.constant(n, draw(6))), ones(b, 6)]),
        0,
        2,
        1,
      ),
  ],
  ['one of features', ['N×T×6'], { x: 3 }, b => b.add('LayerNormalization', ['x', b.constant('g', draw(6))])],
  ['a recurrent layer', ['N×T×3'], { x: 3 }, b => lstm(b, 'x', 3, 4)],
  ['its first states', ['T×N×3', '1×N×4', '1×N×4'], { x: 3, h: 3, c: 3 }, b => lstm(b, 'x', 3, 4, ['h', 'c'])],
  [
    'parts of a stack of states',
    ['T×N×3', 'A2×N×4', 'A3×N×4'],
    { x: 3, h: 3, c: 3 },
    b =>
      lstm(
        b,
        'x',
        3,
        4,
        ['h', 'c'].map(state => b.add('Slice', [state, b.integers([0]), b.integers([1]), b.integers([0])])),
      ),
  ],
  [
    'a product behind others',
    ['N×T×7'],
    { x: 3 },
    b => b.add('MatMul', [b.add('Tanh', [b.add('Abs', ['x'])]), b.constant('W', draw(7, 4))]),
  ],
];
const ones = (b: GraphBuilder, n: number) => b.constant('one', { shape: [n], data: new Float32Array(n).fill(1) });

it.each(CASES)('the size of an axis that a file leaves open is that of the weights: %s', async (_, sizes, ranks, build) => {
  const { exit, stdout, stderr } = await shapesOf(graphOf(ranks, build));
  expect([stderr, exit]).toEqual(['', 0]);
  expect(inputSizes(stdout)).toEqual(sizes);
});

it('another size than the weights need is refused with the size they have', async () => {
  const { exit, stderr } = await shapesOf(graphOf({ x: 2 }, CASES[1][3]), '--D', '6');
  expect(exit).toBe(3);
  expect(stderr).toContain('the file fits D = 5 (here 6)');
  expect(stderr).not.toContain('known before it runs');
});

const branch = (name: string, build: (b: GraphBuilder) => string): OnnxGraph => {
  const b = newBuilder(['x', 'y', 'z', name]);
  const out = build(b);
  return { name, inputs: [], outputs: [value(out)], nodes: b.nodes, initializers: b.initializers };
};
const choice = (b: GraphBuilder, condition: string, yes: OnnxGraph, no: OnnxGraph) =>
  b.add('If', [condition], { then_branch: { type: 'graph', value: yes }, else_branch: { type: 'graph', value: no } });
/** whether an axis has this size */
const hasSize = (b: GraphBuilder, x: string, axis: number, size: number) =>
  b.add('Equal', [b.add('Gather', [b.add('Shape', [x]), b.scalar(axis)]), b.scalar(size)]);

describe('an If that decides while the graph runs', () => {
  /** what torch.onnx.export writes for squeeze(2) where the height is open, and an LSTM over the width */
  const recogniser = graphOf({ x: 4 }, b => {
    const z = conv(b, 'x', 5, 1, 2, 1);
    const squeezed = choice(
      b,
      hasSize(b, z, 2, 1),
      branch('yes', c => c.add('Squeeze', [z, c.integers([2])])),
      branch('no', c => c.add('Identity', [z])),
    );
    return lstm(b, turned(b, squeezed, 2, 0, 1), 5, 4);
  });

  it('is shown by the branch that alone fits what reads it', async () => {
    const { exit, stdout, stderr } = await shapesOf(recogniser);
    expect([stderr, exit]).toEqual(['', 0]);
    expect(stdout).toMatch(/→ Squeeze +\(N, F, W\) +N×5×W/);
  });

  it('is run by its condition: with another height nothing is computed', async () => {
    await ran(recogniser, async model => {
      const x = (height: number) => ({ x: { shape: [2, 1, height, 6], data: Float64Array.from({ length: 12 * height }, () => next()) } });
      await withFolder(async folder => {
        const give = (height: number) => {
          const input = join(folder, `${height}.json`);
          const { data } = x(height).x;
          const rows = [0, 1].map(n => [
            Array.from({ length: height }, (_, h) => Array.from(data.slice((n * height + h) * 6, (n * height + h + 1) * 6))),
          ]);
          writeFileSync(input, JSON.stringify(rows));
          return runForward({ model, input });
        };
        expect((await give(2)).outputs[0].shape).toEqual([6, 1, 2, 4]);
        await expect(give(3)).rejects.toMatchObject({ code: expect.stringMatching(/^E_/) });
      });
    });
  });

  it('whose branches need different sizes says none of them, and names the flag that helps', async () => {
    const wide = (D: number) => branch(`w${D}`, c => c.add('MatMul', ['x', c.constant(`W${D}`, draw(D, 4))]));
    const model = graphOf({ x: 3 }, b => {
      const largest = b.add('ReduceMax', ['x'], { keepdims: int(0) });
      return choice(b, b.add('Greater', [largest, b.constant('bound', draw())]), wide(5), wide(3));
    });
    const asked = await shapesOf(model);
    expect(asked.exit).toBe(3);
    expect(asked.stderr).toContain('ends in D');
    expect(asked.stderr).toContain('give the size that the file leaves open: --D …');
    const { exit, stdout } = await shapesOf(model, '--D', '3');
    expect([exit, inputSizes(stdout)]).toEqual([0, ['N×T×3']]);
  });
});

it('the steps of packed sequences are shown, whatever their lengths are', async () => {
  const model = graphOf({ x: 3 }, b => {
    const longest = b.add('Cast', [b.add('ReduceMax', ['x'], { keepdims: int(0) })], { to: int(7) });
    const places = b.add('Range', [b.scalar(0), longest, b.scalar(1)]);
    return b.add('Gather', ['x', places], { axis: int(1) });
  });
  const { exit, stdout } = await shapesOf(model);
  expect(exit).toBe(0);
  expect(stdout).toMatch(/→ Range +\(\?\)/);
});

it('a sum as a factor stands in brackets', async () => {
  const model = graphOf({ x: 3 }, b => b.add('Reshape', [b.add('Conv', ['x', b.constant('K', draw(6, 3, 4))]), b.integers([0, 2, -1])]));
  const { stdout } = await shapesOf(model);
  expect(stdout).toMatch(/→ y +\(N, 2, 3\*\(T-3\)\)/);
});
