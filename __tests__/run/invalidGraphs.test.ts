import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { float, type GraphBuilder, int, ints, newBuilder } from '../../src/formats/onnx/builder.js';
import type { OnnxModel, OnnxNode } from '../../src/formats/onnx/graph.js';
import { writeOnnx } from '../../src/formats/onnx.js';
import { readTensorFile } from '../../src/run/files/modelFile.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { sizeOf } from '../../src/tensor/tensor.js';
import { withFolder } from '../helpers/inputFile.js';
import { randomStream } from '../helpers/randomNetworks.js';
import { referencePath } from '../helpers/reference.js';
import { runCli } from '../helpers/runCli.js';

/** Graphs that ONNX Runtime refuses to load or to run: each has one fault, is refused before any y, and without it gives one. */
const [T, N, D, M] = [5, 2, 3, 4];
const next = randomStream(5);
const draw = (...shape: number[]): Tensor => ({ shape, data: Float32Array.from({ length: sizeOf(shape) }, () => next() * 2 - 1) });

const MICROSOFT = new Set(['BiasGelu', 'FastGelu', 'SkipLayerNormalization', 'Attention', 'DynamicQuantizeLSTM']);

/** x [T, N, D], sizes open, through what a case adds to it */
function graphOf(build: (b: GraphBuilder) => string, domain?: string): OnnxModel {
  const b = newBuilder(['x', 'y']);
  const from = build(b);
  const last: OnnxNode = { ...b.nodes[0], opType: 'Identity', domain: '', inputs: [from], outputs: ['y'], attributes: new Map() };
  const nodes = b.nodes.map(node => (domain && MICROSOFT.has(node.opType) ? { ...node, domain } : node));
  const graph = {
    name: 'g',
    inputs: [{ name: 'x', dtype: 'f32' as const, shape: ['T', 'N', D] }],
    outputs: [{ name: 'y', dtype: 'f32' as const, shape: null }],
    nodes: [...nodes, last],
    initializers: b.initializers,
  };
  return {
    irVersion: 9,
    producerName: 'test',
    producerVersion: '1',
    opsets: new Map([
      ['', 21],
      ['com.microsoft', 1],
    ]),
    graph,
  };
}

async function forward(model: OnnxModel): Promise<{ exit: number; stdout: string; stderr: string }> {
  return withFolder(async folder => {
    const file = join(folder, 'm.onnx');
    writeFileSync(file, await writeOnnx(model));
    writeFileSync(
      join(folder, 'x.json'),
      JSON.stringify(Array.from({ length: N }, () => Array.from({ length: T }, () => [0.1, -0.2, 0.3]))),
    );
    return runCli(['forward', file, '-i', join(folder, 'x.json'), '--json']);
  });
}

const whole = (b: GraphBuilder, values: readonly number[], shape: readonly number[]) =>
  b.tensor('whole', { shape, dtype: 'i64', data: Float64Array.from(values) });
const double = (b: GraphBuilder, shape: readonly number[]) =>
  b.tensor('double', { shape, dtype: 'f64', data: new Float64Array(sizeOf(shape)) });
const rnn = (b: GraphBuilder, state: string, R = b.constant('R', draw(1, 3 * M, M))) =>
  b.addMany('GRU', ['x', b.constant('W', draw(1, 3 * M, D)), R, '', '', state], 2, { hidden_size: int(M), linear_before_reset: int(1) })[1];
/** zeros of as many samples as an axis of x has */
const zeros = (b: GraphBuilder, axis: number) => {
  const size = b.add('Gather', [b.add('Shape', ['x']), b.integers([axis])]);
  return b.add('ConstantOfShape', [b.add('Concat', [b.integers([1]), size, b.integers([M])], { axis: int(0) })]);
};
const oneHot = (b: GraphBuilder, values: number) =>
  b.add('OneHot', [b.add('Cast', ['x'], { to: int(7) }), b.scalar(3), b.constant('v', draw(values))]);

const quantisedLstm = (b: GraphBuilder, bias: readonly number[]) => {
  const bytes = (name: string, ...shape: number[]) =>
    b.tensor(name, { shape, dtype: 'i8', data: Float64Array.from({ length: sizeOf(shape) }, (_, i) => (i % 7) - 3) });
  const scale = (name: string) => b.constant(name, { shape: [1], data: Float32Array.of(0.1) });
  const inputs = ['x', bytes('W', 1, D, 4 * M), bytes('R', 1, M, 4 * M), b.constant('B', draw(...bias)), '', '', '', ''];
  const ranges = [scale('ws'), bytes('wz', 1), scale('rs'), bytes('rz', 1)];
  return b.addMany('DynamicQuantizeLSTM', [...inputs, ...ranges], 1, { hidden_size: int(M) })[0];
};

type Case = readonly [string, code: string, build: (b: GraphBuilder, isRight: boolean) => string];

const CASES: readonly Case[] = [
  ['zeros for another number of samples as the first state', 'E_ONNX_SHAPE', (b, right) => rnn(b, zeros(b, right ? 1 : 0))],
  ['too few inputs', 'E_ONNX_INPUT', (b, right) => b.add('Add', right ? ['x', 'x'] : ['x'])],
  ['too many inputs', 'E_ONNX_INPUT', (b, right) => b.add('Relu', right ? ['x'] : ['x', 'x'])],
  ['an input left out', 'E_ONNX_INPUT', (b, right) => b.add('MatMul', right ? ['x', b.constant('W', draw(D, 2))] : ['', 'x'])],
  ['an attribute left out', 'E_ONNX_ATTRIBUTE', (b, right) => b.add('Concat', ['x', 'x'], right ? { axis: int(0) } : {})],
  ['two types where one is meant', 'E_ONNX_TYPE', (b, right) => b.add('Mul', ['x', right ? b.constant('c', draw(D)) : double(b, [D])])],
  ['weights of another type', 'E_ONNX_TYPE', (b, right) => rnn(b, '', right ? undefined : double(b, [1, 3 * M, M]))],
  ['whole numbers where real ones are read', 'E_ONNX_TYPE', (b, right) => b.add('Tanh', [right ? 'x' : b.add('Shape', ['x'])])],
  [
    'a switch that is neither on nor off',
    'E_ONNX_ATTRIBUTE',
    (b, right) => b.add('ReduceSum', ['x', b.integers([1])], { keepdims: int(right ? 1 : 2) }),
  ],
  ['an operator of a newer set', 'E_ONNX_OPERATOR', (b, right) => b.add(right ? 'Gelu' : 'Swish', ['x'])],
  [
    'a transposition that names an axis twice',
    'E_ONNX_SHAPE',
    (b, right) => b.add('Transpose', ['x'], { perm: ints(1, right ? 0 : 1, 2) }),
  ],
  ['fewer repeats than axes', 'E_ONNX_SHAPE', (b, right) => b.add('Tile', ['x', b.integers(right ? [1, 2, 1] : [1, 2])])],
  [
    'a transposition of more axes',
    'E_ONNX_SHAPE',
    (b, right) => b.add('Transpose', ['x'], { perm: right ? ints(1, 0, 2) : ints(1, 0, 2, 0) }),
  ],
  ['an axis that is added twice', 'E_ONNX_SHAPE', (b, right) => b.add('Unsqueeze', ['x', b.integers([0, right ? 1 : 0])])],
  [
    'an axis that is cut twice',
    'E_ONNX_SHAPE',
    (b, right) => b.add('Slice', ['x', b.integers([0, 0]), b.integers([1, 1]), b.integers([0, right ? 1 : 0])]),
  ],
  ['a table where a list is read', 'E_ONNX_SHAPE', (b, right) => b.add('Reshape', ['x', whole(b, [0, 0, D], right ? [3] : [3, 1])])],
  [
    'other pieces than outputs',
    'E_ONNX_SHAPE',
    (b, right) => b.addMany('Split', ['x'], 3, { axis: int(2), num_outputs: int(right ? 3 : 2) })[0],
  ],
  [
    'a product of more than matrices',
    'E_ONNX_SHAPE',
    (b, right) => {
      const rows = right ? b.add('Reshape', ['x', b.integers([-1, D])]) : 'x';
      return b.add('Gemm', [rows, b.constant('W', draw(D, 2))]);
    },
  ],
  [
    'a product with more than a matrix',
    'E_ONNX_SHAPE',
    (b, right) => {
      const W = b.constant('W', draw(...(right ? [2, D] : [2, D, 1])));
      return b.add('Gemm', [b.add('Reshape', ['x', b.integers([-1, D])]), W], { transB: int(1) });
    },
  ],
  ['a bias of one more direction than an LSTM of 8 bits has', 'E_ONNX_SHAPE', (b, right) => quantisedLstm(b, [right ? 1 : 2, 8 * M])],
  ['a bias of an LSTM of 8 bits that is too long', 'E_ONNX_SHAPE', (b, right) => quantisedLstm(b, [1, 8 * M + (right ? 0 : 8)])],
  ['one-hot values that are not two', 'E_ONNX_SHAPE', (b, right) => oneHot(b, right ? 2 : 3)],
  [
    'more padding than a stride reaches over',
    'E_ONNX_SHAPE',
    (b, right) => b.add('ConvTranspose', ['x', b.constant('K', draw(T, 3, 2))], { strides: ints(2), output_padding: ints(right ? 1 : 2) }),
  ],
  [
    'scales in a table without blocks',
    'E_ONNX_SHAPE',
    (b, right) =>
      b.add(
        'DequantizeLinear',
        [
          b.add('QuantizeLinear', ['x', b.constant('s', { shape: [], data: Float32Array.of(0.5) })]),
          b.constant('t', draw(...(right ? [D] : [D, 1]))),
        ],
        { axis: int(2) },
      ),
  ],
  ['a bias of two axes', 'E_ONNX_SHAPE', (b, right) => b.add('BiasGelu', ['x', b.constant('b', draw(...(right ? [D] : [1, D])))])],
  [
    'a bias of two axes that is computed',
    'E_ONNX_SHAPE',
    (b, right) => b.add('BiasGelu', ['x', b.add('Neg', [b.constant('b', draw(...(right ? [D] : [1, D])))])]),
  ],
  ...['BiasGelu', 'FastGelu'].flatMap((op): Case[] => [
    [`one number as the bias of ${op}`, 'E_ONNX_SHAPE', (b, right) => b.add(op, ['x', b.constant('b', draw(right ? D : 1))])],
    [
      `one that is computed, of ${op}`,
      'E_ONNX_SHAPE',
      (b, right) => b.add(op, [b.add('Neg', ['x']), b.add('Neg', [b.constant('b', draw(right ? D : 1))])]),
    ],
  ]),
  ...[1, 2, 3, 4].map(
    (i): Case => [
      `a sum that is normalised, input ${i} for another number of features`,
      'E_ONNX_SHAPE',
      (b, right) => {
        const inputs = ['x', 'x', ...['g', 'b', 'c'].map(name => b.constant(name, draw(D)))];
        if (!right) inputs[i] = b.constant('one', draw(1));
        return b.add('SkipLayerNormalization', inputs);
      },
    ],
  ),
  // lists that are a single number; operators of images and matrices without their axes
  ...Object.entries<(list: string, b: GraphBuilder) => string>({
    ReduceSum: (list, b) => b.add('ReduceSum', ['x', list]),
    Slice: (list, b) => b.add('Slice', ['x', list, b.integers([2])]),
    Expand: (list, b) => b.add('Expand', ['x', list]),
    Reshape: (list, b) => b.add('Reshape', [b.add('ReduceSum', ['x']), list]),
    ConstantOfShape: (list, b) => b.add('Add', ['x', b.add('ConstantOfShape', [list])]),
  }).map(
    ([op, node]): Case => [
      `a single number where ${op} reads a list`,
      'E_ONNX_SHAPE',
      (b, right) => node(whole(b, [1], right ? [1] : []), b),
    ],
  ),
  ...['GlobalMaxPool', 'GlobalAveragePool', 'LRN'].map(
    (op): Case => [
      `a matrix that is read by ${op}`,
      'E_ONNX_SHAPE',
      (b, right) =>
        b.add(op, [right ? 'x' : b.add('ReduceSum', ['x', b.integers([1])], { keepdims: int(0) })], op === 'LRN' ? { size: int(3) } : {}),
    ],
  ),
  ['a triangle of a row', 'E_ONNX_SHAPE', (b, right) => b.add('Trilu', [right ? 'x' : b.add('Reshape', ['x', b.integers([-1])])])],
  [
    'a recurrence over a matrix',
    'E_ONNX_SHAPE',
    (b, right) => {
      const rows = right ? 'x' : b.add('Reshape', ['x', b.integers([-1, D])]);
      return b.addMany('RNN', [rows, b.constant('W', draw(1, M, D)), b.constant('R', draw(1, M, M))], 1, { hidden_size: int(M) })[0];
    },
  ],
  [
    'pieces of which the last is empty',
    'E_ONNX_SHAPE',
    (b, right) => {
      const pieces = right ? 3 : 4;
      return b.addMany('Split', ['x'], pieces, { axis: int(1), num_outputs: int(pieces) })[0];
    },
  ],
  [
    'a scale below 0',
    'E_ONNX_SHAPE',
    (b, right) => {
      const scales = { shape: [3], data: Float32Array.of(1, 1, right ? 2 : -2) };
      return b.add('Resize', ['x', '', b.constant('s', scales)]);
    },
  ],
  ...['SoftmaxCrossEntropyLoss', 'NegativeLogLikelihoodLoss'].flatMap((op): Case[] => {
    const loss = (b: GraphBuilder, weights: number, reduction: string) => {
      const rows = b.add('Reshape', ['x', b.integers([-1, D])]);
      const targets = whole(b, new Array(T * N).fill(1), [T * N]);
      return b.add(op, [rows, targets, b.constant('w', draw(weights))], { reduction: { type: 'string', value: reduction } });
    };
    return [
      [`weights of other classes in ${op}`, 'E_ONNX_SHAPE', (b, right) => loss(b, right ? D : D + 1, 'mean')],
      [`a reduction that ${op} does not have`, 'E_ONNX_ATTRIBUTE', (b, right) => loss(b, D, right ? 'sum' : 'SUM')],
    ];
  }),
  [
    'a word that is none of Gelu',
    'E_ONNX_ATTRIBUTE',
    (b, right) => b.add('Gelu', ['x'], { approximate: { type: 'string', value: right ? 'tanh' : 'erf' } }),
  ],
  [
    'pads, and a rule for them as well',
    'E_ONNX_ATTRIBUTE',
    (b, right) => {
      const auto = { type: 'string' as const, value: 'SAME_UPPER' };
      return b.add('MaxPool', ['x'], { kernel_shape: ints(2), auto_pad: auto, ...(right ? {} : { pads: ints(1, 1) }) });
    },
  ],
  // attributes of older and newer sets, here of set 21
  ...(
    [
      ['Split', { split: ints(2, 3) }],
      ['Clip', { min: float(0) }],
      ['ReduceMax', { axes: ints(1) }],
      ['Squeeze', { axes: ints(1) }],
      ['Cast', { to: int(1), round_mode: { type: 'string', value: 'up' } }],
    ] as const
  ).map(
    ([op, attributes]): Case => [
      `an attribute that ${op} does not have in this set`,
      'E_ONNX_ATTRIBUTE',
      (b, right) =>
        b.add(
          op === 'Squeeze' && right ? 'Abs' : op,
          ['x'],
          right ? (op === 'Cast' ? { to: int(1) } : op === 'Split' ? { num_outputs: int(1) } : {}) : attributes,
        ),
    ],
  ),
  [
    'one number as the bias of three products',
    'E_ONNX_SHAPE',
    (b, right) => b.add('Attention', ['x', b.constant('W', draw(D, 12)), b.constant('b', draw(right ? 12 : 1))], { num_heads: int(2) }),
  ],
];

it.each(CASES)('%s is refused with %s, and without the fault there is a y', async (_, code, build) => {
  const wrong = await forward(graphOf(b => build(b, false), 'com.microsoft'));
  expect([wrong.stdout, wrong.exit]).toEqual(['', 3]);
  expect(JSON.parse(wrong.stderr)).toMatchObject({
    code,
    where: expect.any(String),
    expected: expect.any(String),
    found: expect.any(String),
  });
  const right = await forward(graphOf(b => build(b, true), 'com.microsoft'));
  expect([right.stderr, right.exit]).toEqual(['', 0]);
});

it('a reshape of a sequence whose samples and features became one axis is no layer, and is refused when it runs', async () => {
  // y [T, N, 1, M] of a GRU, reshaped to [T, N, M], or to [T, N·M, M]
  const directions = (last: number) => (b: GraphBuilder) => {
    const W = b.constant('W', draw(1, 3 * M, D));
    const [Y] = b.addMany('GRU', ['x', W, b.constant('R', draw(1, 3 * M, M))], 1, { hidden_size: int(M), linear_before_reset: int(1) });
    const turned = b.add('Transpose', [Y], { perm: ints(0, 2, 1, 3) });
    const shape = b.add('Shape', [turned]);
    const part = (from: number, to: number) => b.add('Slice', [shape, b.integers([from]), b.integers([to])]);
    const rest = b.add('Reshape', [b.add('Mul', [part(last, 3), part(3, 4)]), b.integers([-1])]);
    return b.add('Reshape', [turned, b.add('Concat', [part(0, 1), part(1, last), rest], { axis: int(0) })]);
  };
  const right = await forward(graphOf(directions(2)));
  expect([right.stderr, right.exit]).toEqual(['', 0]);
  const wrong = await forward(graphOf(directions(1)));
  expect([wrong.stdout, wrong.exit]).toEqual(['', 3]);
});

describe('a loop whose body would be one step of a GRU', () => {
  const changed = (change: (body: OnnxModel['graph']) => OnnxModel['graph']) =>
    withFolder(async folder => {
      const model = (await readTensorFile(referencePath('onnx_wired/loop_gru.onnx'))).architecture as OnnxModel;
      const nodes = model.graph.nodes.map(node => {
        const body = node.attributes.get('body');
        if (body?.type !== 'graph') return node;
        return { ...node, attributes: new Map([...node.attributes, ['body', { type: 'graph' as const, value: change(body.value) }]]) };
      });
      const file = join(folder, 'm.onnx');
      writeFileSync(file, await writeOnnx({ ...model, graph: { ...model.graph, nodes } }));
      return runCli(['forward', file, '-i', referencePath('onnx_wired/loop_gru.x.npz'), '--json']);
    });

  it('is run as it is', async () => {
    const { exit, stderr } = await changed(body => body);
    expect([stderr, exit]).toEqual(['', 0]);
  });

  it('is refused where a row is cut along an axis that it does not have', async () => {
    const cut = await changed(body => {
      const axes = body.nodes.filter(n => n.opType === 'Slice').at(-1)!.inputs[3];
      const b = newBuilder([]);
      const [own] = [b.integers([2])].map(name => b.initializers.get(name)!);
      return { ...body, initializers: new Map([...body.initializers, [axes, own]]) };
    });
    expect([cut.stdout, cut.exit]).toEqual(['', 3]);
    expect(JSON.parse(cut.stderr)).toMatchObject({ code: 'E_ONNX_SHAPE', where: expect.stringContaining('Slice') });
  });

  it('is refused where it declares another type than it computes', async () => {
    const declared = await changed(body => ({ ...body, outputs: body.outputs.map((o, i) => (i === 0 ? { ...o, dtype: 'i32' } : o)) }));
    expect([declared.stdout, declared.exit]).toEqual(['', 3]);
    expect(JSON.parse(declared.stderr)).toMatchObject({ code: 'E_ONNX_TYPE', expected: 'i32', found: 'bool' });
  });
});

it('a scan whose body gives other axes than it declares is refused', async () => {
  const scan = (declared: readonly number[]) => (b: GraphBuilder) => {
    const c = newBuilder(['x', 'y', 's', 'step']);
    const inputs = ['s', 'step'].map(name => ({ name, dtype: 'f32' as const, shape: null }));
    const out = c.add('Add', ['s', 'step']);
    const outputs = [{ name: out, dtype: 'f32' as const, shape: declared }];
    const body = { name: 'body', inputs, outputs, nodes: c.nodes, initializers: c.initializers };
    return b.addMany('Scan', [b.constant('first', draw(T, D)), 'x'], 1, {
      body: { type: 'graph', value: body },
      num_scan_inputs: int(1),
    })[0];
  };
  const right = await forward(graphOf(scan([T, D])));
  expect([right.stderr, right.exit]).toEqual(['', 0]);
  const { exit, stderr } = await forward(graphOf(scan([1, T, D])));
  expect([exit, JSON.parse(stderr).code]).toEqual([3, 'E_ONNX_SHAPE']);
});

type Unfit = readonly [string, build: (b: GraphBuilder, isRight: boolean) => string, isNamed: boolean];
const UNFIT: readonly Unfit[] = [
  ['Concat', (b, right) => b.add('Concat', ['x', b.constant('w', draw(T, N, right ? D : D + 1))], { axis: int(1) }), true],
  ['Reshape', (b, right) => b.add('Reshape', [b.constant('w', draw(T, N, D)), b.integers([T, right ? -1 : 4])]), true],
  // there the row of layers has ended before
  ['Reshape', (b, right) => b.add('Reshape', [b.add('Expand', ['x', b.integers([T, N, D])]), b.integers([T, right ? 6 : 7])]), false],
];

it.each(UNFIT)('%s of sizes that do not fit is refused by shapes, and inspect says at which node', async (op, build, isNamed) => {
  const run = (right: boolean) =>
    withFolder(async folder => {
      const file = join(folder, 'm.onnx');
      const model = graphOf(b => build(b, right));
      const inputs = [{ ...model.graph.inputs[0], shape: [T, N, D] }];
      const nodes = model.graph.nodes.map((node, i) => ({ ...node, name: `n${i}` }));
      writeFileSync(file, await writeOnnx({ ...model, graph: { ...model.graph, inputs, nodes } }));
      return { shapes: await runCli(['shapes', file]), inspected: JSON.parse((await runCli(['inspect', file, '--json'])).stdout) };
    });
  const wrong = await run(false);
  expect([wrong.shapes.exit, wrong.shapes.stdout]).toEqual([3, '']);
  if (isNamed) expect(wrong.inspected.reason).toMatch(new RegExp(`${op} 'n\\d'.*\\d+, \\d+`));
  expect((await run(true)).shapes.exit).toBe(0);
});

it('the same faults inside a branch are seen, also of the one that is not taken', async () => {
  const body = (opType: string) => {
    const b = newBuilder(['x', 'y']);
    const out = b.add(opType, ['x']);
    return {
      name: opType,
      inputs: [],
      outputs: [{ name: out, dtype: 'f32' as const, shape: null }],
      nodes: b.nodes,
      initializers: b.initializers,
    };
  };
  const branches = (otherwise: string) => (b: GraphBuilder) => {
    const attributes = {
      then_branch: { type: 'graph' as const, value: body('Tanh') },
      else_branch: { type: 'graph' as const, value: body(otherwise) },
    };
    return b.add('If', [b.tensor('c', { shape: [], dtype: 'bool', data: Float32Array.of(1) })], attributes);
  };
  expect((await forward(graphOf(branches('Relu')))).exit).toBe(0);
  const { exit, stderr } = await forward(graphOf(branches('Add')));
  expect([exit, JSON.parse(stderr)]).toEqual([3, expect.objectContaining({ code: 'E_ONNX_INPUT', found: '1', expected: '2 inputs' })]);
});

it('what the table does not know is left to the operator: other domains, numbers of no plain type', async () => {
  const { exit } = await forward(graphOf(b => b.add('BiasGelu', ['x', b.constant('b', draw(D))], { alpha: float(1) }), 'of.strangers'));
  expect(exit).toBe(3);
});
