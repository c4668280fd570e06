import { specFromProgram } from '../../src/conventions/pt2/index.js';
import { runInMemory } from '../../src/run/inMemory.js';

/**
 * Operators of ATen whose rules are those of `keras.ops`, in programs of one node over x [2, 3, 4]. The expected numbers are PyTorch's of the same
 * line, or follow from the definition that stands there.
 */
type Arg = readonly [name: string, value: object];
const [T, F] = ['x', 'other'].map(name => ({ as_tensor: { name } }));
const SIZES: readonly number[] = [2, 3, 4];
const X = Array.from({ length: 24 }, (_, i) => Math.sin(2.3 * i + 1) * 2);

function programOf(target: string, args: readonly Arg[], inputs: number, types: readonly number[] = [7], given: readonly number[] = SIZES) {
  const names = ['x', 'other'].slice(0, inputs);
  const value = (name: string, dtype: number, sizes = SIZES) => [name, { dtype, sizes: sizes.map(as_int => ({ as_int })) }] as const;
  return {
    schema_version: { major: 8 },
    graph_module: {
      graph: {
        nodes: [
          {
            target: `torch.ops.aten.${target}`,
            inputs: args.map(([name, arg]) => ({ name, arg })),
            outputs: [{ as_tensor: { name: 'y' } }],
          },
        ],
        tensor_values: Object.fromEntries([...names.map(name => value(name, types[0])), value('y', types[types.length - 1], given)]),
      },
      signature: {
        input_specs: names.map(name => ({ user_input: { arg: { as_tensor: { name } } } })),
        output_specs: [{ user_output: { arg: { as_tensor: { name: 'y' } } } }],
      },
    },
  };
}

async function yOf(target: string, args: readonly Arg[], ...data: readonly (readonly number[])[]): Promise<number[]> {
  const { spec } = specFromProgram(programOf(target, args, Math.max(1, data.length)), new Map());
  return run(spec, data.length === 0 ? [X] : data);
}

/** Of an operator that gives other sizes than x has. */
async function yOfSizes(sizes: readonly number[], target: string, args: readonly Arg[]): Promise<number[]> {
  return run(specFromProgram(programOf(target, args, 1, [7], sizes), new Map()).spec, [X]);
}

async function run(spec: unknown, [x, ...others]: readonly (readonly number[])[]): Promise<number[]> {
  const tensor = (row: readonly number[]) => ({ shape: [2, 3, 4], data: Float64Array.from(row) });
  const input = { x: tensor(x), ...(others.length > 0 ? { others: new Map([['other', tensor(others[0])]]) } : {}) };
  return Array.from((await runInMemory({ spec, input })).output.y.data);
}

const of = (value: number) => new Array<number>(24).fill(value);
const at = (n: number, t: number, d: number) => X[12 * n + 4 * t + d];

function expectNear(found: readonly number[], expected: readonly number[], allowed = 3e-6): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((v, i) => {
    if (v === expected[i] || (Number.isNaN(v) && Number.isNaN(expected[i]))) return;
    expect(Math.abs(v - expected[i])).toBeLessThanOrEqual(allowed * Math.max(1, Math.abs(expected[i])));
  });
}

describe('rules that PyTorch shares with keras.ops', () => {
  it.each([
    [0, -0, Math.PI],
    [-0, -0, -Math.PI],
    [-0, -2, -Math.PI],
    [0, -2, Math.PI],
    [3, -0, Math.PI / 2],
    [-3, 0, -Math.PI / 2],
    [1, -1, (3 * Math.PI) / 4],
    [-1, -1, (-3 * Math.PI) / 4],
    [0, 2, 0],
    [Infinity, Infinity, Math.PI / 4],
    [-Infinity, -Infinity, (-3 * Math.PI) / 4],
    [Infinity, 1, Math.PI / 2],
    [1, Infinity, 0],
  ])('atan2(%d, %d) = %d, zeros with their sign, infinities as far as each other', async (y, x, angle) => {
    expectNear(
      await yOf(
        'atan2.default',
        [
          ['self', T],
          ['other', F],
        ],
        of(y),
        of(x),
      ),
      of(angle),
    );
  });

  it('log1p and expm1 keep the digits of a small x', async () => {
    const small = X.map(v => v * 1e-6);
    const relative = (found: readonly number[], f: (v: number) => number) =>
      Math.max(...found.map((v, i) => Math.abs(v / f(Math.fround(small[i])) - 1)));
    expect(relative(await yOf('log1p.default', [['self', T]], small), Math.log1p)).toBeLessThan(1e-6);
    expect(relative(await yOf('expm1.default', [['self', T]], small), Math.expm1)).toBeLessThan(1e-6);
  });

  it('a remainder is exact, with the sign of the divisor', async () => {
    const large = X.map(v => v * 5000);
    const found = await yOf(
      'remainder.Scalar',
      [
        ['self', T],
        ['other', { as_float: -0.75 }],
      ],
      large,
    );
    const exact = large.map(v => {
      const rest = Math.fround(v) % -0.75;
      return rest > 0 ? rest - 0.75 : rest;
    });
    expectNear(found, exact, 1e-7);
  });

  it('logaddexp overflows nowhere, and of logaddexp2 the base is 2', async () => {
    const args: Arg[] = [
      ['self', T],
      ['other', F],
    ];
    expectNear(await yOf('logaddexp.default', args, of(300), of(299)), of(300 + Math.log1p(Math.exp(-1))));
    expectNear(await yOf('logaddexp2.default', args, of(3), of(4)), of(Math.log2(24)));
  });

  it('nan_to_num with numbers for NaN and for both infinities', async () => {
    const given: Arg[] = [
      ['self', T],
      ['nan', { as_float: 1 }],
      ['posinf', { as_float: 5 }],
      ['neginf', { as_float: -6 }],
    ];
    const quotients = X.map((_, i) => (i % 3 === 0 ? 0 : i % 3 === 1 ? 1 : -1));
    const divided = programOf('nan_to_num.default', given, 1);
    const { nodes, tensor_values } = divided.graph_module.graph;
    nodes.unshift({
      target: 'torch.ops.aten.div.Tensor',
      inputs: [
        { name: 'self', arg: T },
        { name: 'other', arg: { as_float: 0 } },
      ],
      outputs: [{ as_tensor: { name: 'q' } }],
    });
    nodes[1].inputs[0].arg = { as_tensor: { name: 'q' } };
    tensor_values.q = tensor_values.x;
    const found = await run(specFromProgram(divided, new Map()).spec, [quotients]);
    expect(found).toEqual(quotients.map((_, i) => [1, 5, -6][i % 3]));
  });

  it('a quarter turn, two places on, the second difference', async () => {
    const turned = await yOfSizes([2, 4, 3], 'rot90.default', [
      ['self', T],
      ['k', { as_int: 1 }],
      ['dims', { as_ints: [1, 2] }],
    ]);
    expectNear(
      turned,
      [0, 1].flatMap(n => [3, 2, 1, 0].flatMap(d => [0, 1, 2].map(t => at(n, t, d)))),
    );
    const rolled = await yOf('roll.default', [
      ['self', T],
      ['shifts', { as_ints: [1, -1] }],
      ['dims', { as_ints: [1, 2] }],
    ]);
    expectNear(
      rolled,
      [0, 1].flatMap(n => [2, 0, 1].flatMap(t => [1, 2, 3, 0].map(d => at(n, t, d)))),
    );
    const second = await yOfSizes([2, 3, 2], 'diff.default', [
      ['self', T],
      ['n', { as_int: 2 }],
      ['dim', { as_int: -1 }],
    ]);
    expectNear(
      second,
      [0, 1].flatMap(n => [0, 1, 2].flatMap(t => [0, 1].map(d => at(n, t, d + 2) - 2 * at(n, t, d + 1) + at(n, t, d)))),
    );
  });

  it.each([
    ['linear', (a: number, b: number) => a + 0.9 * (b - a)],
    ['lower', (a: number) => a],
    ['higher', (_: number, b: number) => b],
    ['midpoint', (a: number, b: number) => (a + b) / 2],
    ['nearest', (_: number, b: number) => b],
  ])('a quantile between two numbers: %s', async (method, between) => {
    const found = await yOfSizes([2, 3, 1], 'quantile.scalar', [
      ['self', T],
      ['q', { as_float: 0.3 }],
      ['dim', { as_int: 2 }],
      ['keepdim', { as_bool: true }],
      ['interpolation', { as_string: method }],
    ]);
    const expected = [0, 1].flatMap(n =>
      [0, 1, 2].map(t => {
        const row = [0, 1, 2, 3].map(d => at(n, t, d)).sort((a, b) => a - b);
        return between(row[0], row[1]);
      }),
    );
    expectNear(found, expected);
  });

  describe('with another number of samples than the program was exported with', () => {
    const five = { x: { shape: [5, 3, 4], data: Float64Array.from({ length: 60 }, (_, i) => Math.cos(i)) } };
    const sample = (n: number) => Array.from(five.x.data.subarray(12 * n, 12 * n + 12));
    const ints = (...sizes: number[]) => ({ as_ints: sizes });
    const yOfFive = async (target: string, args: readonly Arg[], shape: readonly number[] = [5, 3, 4]) => {
      const { spec } = specFromProgram(programOf(target, args, 1, [7], [2, ...shape.slice(1)]), new Map());
      return (await runInMemory({ spec, input: five })).output.y;
    };

    it.each<readonly [string, readonly Arg[], readonly number[]]>([
      [
        'view.default',
        [
          ['self', T],
          ['size', ints(2, 12)],
        ],
        [5, 12],
      ],
      [
        'view.default',
        [
          ['self', T],
          ['size', ints(-1, 4, 3)],
        ],
        [5, 4, 3],
      ],
      [
        'expand.default',
        [
          ['self', T],
          ['size', ints(2, 3, 4)],
        ],
        [5, 3, 4],
      ],
      [
        'broadcast_to.default',
        [
          ['self', T],
          ['size', ints(2, 3, 4)],
        ],
        [5, 3, 4],
      ],
      [
        'expand_as.default',
        [
          ['self', T],
          ['other', T],
        ],
        [5, 3, 4],
      ],
    ])('%s keeps the axis of the samples', async (target, args, shape) => {
      const y = await yOfFive(target, args, shape);
      expect(y.shape).toEqual(shape);
      expectNear(Array.from(y.data), [0, 1, 2, 3, 4].flatMap(sample));
    });

    it.each<readonly [string, readonly Arg[]]>([
      [
        'roll.default',
        [
          ['self', T],
          ['shifts', ints(1)],
          ['dims', ints(0)],
        ],
      ],
      [
        'flip.default',
        [
          ['self', T],
          ['dims', ints(0)],
        ],
      ],
      [
        'new_ones.default',
        [
          ['self', T],
          ['size', ints(2, 3, 4)],
        ],
      ],
    ])('%s is refused, for what it would give means nothing', async (target, args) => {
      await expect(yOfFive(target, args)).rejects.toMatchObject({ code: 'E_INPUT_SHAPE', expected: '2 samples', found: '5 samples' });
    });
  });

  it('refuses by the name of the operator and of the argument what the rule does not take', () => {
    const said = (target: string, args: readonly Arg[]) => () => specFromProgram(programOf(target, args, 1), new Map());
    expect(
      said('quantile.scalar', [
        ['self', T],
        ['q', { as_float: 0.5 }],
        ['interpolation', { as_string: 'cubic' }],
      ]),
    ).toThrow('the operator aten.quantile.scalar with this method is not supported');
    expect(
      said('diff.default', [
        ['self', T],
        ['prepend', T],
      ]),
    ).toThrow('aten.diff.default with prepend is not supported');
  });
});
