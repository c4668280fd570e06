import { runCompare } from '../../src/run/compare.js';
import { runInMemory } from '../../src/run/inMemory.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { add, type Rows, times } from '../helpers/probes.js';

/** Mistakes in the layers around a recurrent one (convolution, pooling, normalisation, attention, sums), as loops of the test's own. */
jest.setTimeout(60_000);

const { write } = temporaryFolder();
const SIZES = { N: 4, T: 9, D: 3 };

type Of = (name: string) => any;
interface Network {
  readonly x: Rows[];
  readonly of: Of;
  /** what compare says of another y: its code and the words; empty where it is silent */
  said(y: any): Promise<string>;
}

function nested({ shape, data }: { shape: readonly number[]; data: ArrayLike<number> }): any {
  const build = (axis: number, at: number, size: number): any =>
    axis === shape.length
      ? data[at]
      : Array.from({ length: shape[axis] }, (_, i) => build(axis + 1, at + (i * size) / shape[axis], size / shape[axis]));
  return build(0, 0, data.length);
}

/** Random weights, biases and moving statistics for these layers. */
async function networkOf(layers: readonly object[]): Promise<Network> {
  const model = { input: { timesteps: SIZES.T, features: SIZES.D }, layers: [...layers, { kind: 'dense', name: 'head', units: 2 }] };
  const { input, weights } = await runInMemory({ spec: model, N: SIZES.N, init: 'torch', seed: '5' });
  const drawn = [...weights].map(([name, { shape, data }], i): [string, { shape: readonly number[]; data: Float64Array }] => {
    const shift = /\/(mean|beta|gamma)$/.test(name) ? 0.4 : /\/variance$/.test(name) ? 0.6 : 0;
    return [
      name,
      { shape, data: Float64Array.from(data, (v, k) => Math.fround(Math.abs(shift) > 0 ? v + shift * Math.sin(i + 2 * k) ** 2 : v)) },
    ];
  });
  const tensors = new Map(drawn);
  const spec = write('model.json', JSON.stringify(model));
  const file = write('w.npz', await bytesOf('npz', Object.fromEntries(drawn)));
  const x = write('x.npy', await bytesOf('npy', { npy: { shape: input.x.shape, data: Float64Array.from(input.x.data) } }));
  return {
    x: nested(input.x),
    of: name => nested(tensors.get(name)!),
    async said(y) {
      const shape = [y.length, y[0].length];
      const against = write('y.npy', await bytesOf('npy', { npy: { shape, data: Float64Array.from(y.flat(Infinity), Math.fround) } }));
      const { status, explanations } = await runCompare({ model: spec, weights: file, input: x, against, budget: 0.1 });
      const accepted = explanations.filter(e => e.verdict !== 'rejected');
      return status === 'SAME' ? 'SAME' : accepted.map(e => `${e.code} ${e.why.split('\n').at(-1)} ${e.verdict}`).join(' | ');
    },
  };
}

const ends = ({ of }: Network, rows: Rows[]) =>
  rows.map(steps => {
    let h: number[] = of('r/Wh').map(() => 0);
    for (const x of steps) h = add(add(times(x, of('r/Wx')), times(h, of('r/Wh'))), of('r/bh')).map(Math.tanh);
    return add(times(h, of('head/Wo')), of('head/bo'));
  });

const R = { kind: 'rnn', name: 'r', units: 4 };
const CONV = { kind: 'conv1d', name: 'c', filters: 3, kernelSize: [3], padding: 'valid' };

interface Sliding {
  readonly front?: number;
  readonly behind?: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly turned?: boolean;
}

function convolved(x: Rows, W: number[][][], b: number[], { front = 0, behind = 0, stride = 1, dilation = 1, turned }: Sliding): Rows {
  const zeros = (n: number) => Array.from({ length: n }, () => x[0].map(() => 0));
  const padded = [...zeros(front), ...x, ...zeros(behind)];
  const kernel = turned ? [...W].reverse() : W;
  const rows: Rows = [];
  for (let t = 0; t + (kernel.length - 1) * dilation < padded.length; t += stride)
    rows.push(kernel.reduce((sum, Wk, k) => add(sum, times(padded[t + k * dilation], Wk)), b));
  return rows;
}

describe('a convolution', () => {
  const cases: [string, object, Sliding, string][] = [
    ['same for valid', {}, { front: 1, behind: 1 }, "convolution:padding c is padded as 'same' instead of 'valid'."],
    ['causal for same', { padding: 'same' }, { front: 2 }, "convolution:padding c is padded as 'causal' instead of 'same'."],
    ['strides 2', {}, { stride: 2 }, 'convolution:strides c has strides 2 instead of 1.'],
    ['dilation 2', { padding: 'same' }, { dilation: 2, front: 2, behind: 2 }, 'convolution:dilation c has dilation 2 instead of 1.'],
    [
      'kernel turned',
      {},
      { turned: true },
      'convolution:flipped c runs with its kernel from the last place to the first (np.convolve does that).',
    ],
  ];
  it.each(cases)('%s', async (_, fields, sliding, words) => {
    const network = await networkOf([{ ...CONV, ...fields }, R]);
    const rows = (given: Sliding) => network.x.map(x => convolved(x, network.of('c/W'), network.of('c/b'), given));
    expect(await network.said(ends(network, rows('padding' in fields ? { front: 1, behind: 1 } : {})))).toBe('SAME');
    expect(await network.said(ends(network, rows(sliding)))).toContain(words);
  });

  it('an even stride: zeros on both sides fall elsewhere than with same', async () => {
    const network = await networkOf([{ ...CONV, kernelSize: [4], padding: 'same', strides: [2] }, R]);
    const rows = network.x.map(x => convolved(x, network.of('c/W'), network.of('c/b'), { front: 1, behind: 1, stride: 2 }));
    expect(await network.said(ends(network, rows))).toContain("c is padded by 1 zeros on each side instead of 'same'.");
  });

  it('edges that are mirrored are no padding of ours', async () => {
    const network = await networkOf([
      { ...CONV, padding: 'same' },
      { ...R, returnSequences: true },
      { kind: 'maxpool', name: 'p' },
    ]);
    const rows = network.x.map(x => convolved([x[1], ...x, x[x.length - 2]], network.of('c/W'), network.of('c/b'), {}));
    const hs = rows.map(steps => {
      let h: number[] = network.of('r/Wh').map(() => 0);
      return steps.map(v => (h = add(add(times(v, network.of('r/Wx')), times(h, network.of('r/Wh'))), network.of('r/bh')).map(Math.tanh)));
    });
    const y = hs.map(list =>
      add(
        times(
          list[0].map((_, m) => Math.max(...list.map(h => h[m]))),
          network.of('head/Wo'),
        ),
        network.of('head/bo'),
      ),
    );
    expect(await network.said(y)).not.toMatch(/fits|tie/);
  });
});

describe('a pooling', () => {
  const pooled = (x: Rows, size: number, stride: number, part = false) => {
    const rows: Rows = [];
    for (let t = 0; t + (part ? 1 : size) <= x.length; t += stride)
      rows.push(x[0].map((_, d) => Math.max(...x.slice(t, t + size).map(row => row[d]))));
    return rows;
  };
  it.each([
    ['of 3', (x: Rows) => pooled(x, 3, 3), 'pool-window:size p has windows of 3 instead of 2.'],
    ['at every step', (x: Rows) => pooled(x, 2, 1), 'pool-window:strides p has strides 1 instead of 2.'],
    ['of what is left', (x: Rows) => pooled(x, 2, 2, true), "pool-window:padding p is padded as 'same' instead of 'valid'."],
    ['left out', (x: Rows) => x, 'pool-window:missing p is left out.'],
  ])('%s', async (_, wrong, words) => {
    const network = await networkOf([{ kind: 'maxpool1d', name: 'p', poolSize: [2] }, R]);
    expect(
      await network.said(
        ends(
          network,
          network.x.map(x => pooled(x, 2, 2)),
        ),
      ),
    ).toBe('SAME');
    expect(await network.said(ends(network, network.x.map(wrong)))).toContain(words);
  });
});

describe('a BatchNormalization', () => {
  type Moments = { mean: number[]; variance: number[] };
  const momentsOf = (rows: Rows, less = 0): Moments => {
    const mean = rows[0].map((_, d) => rows.reduce((sum, row) => sum + row[d], 0) / rows.length);
    return { mean, variance: mean.map((m, d) => rows.reduce((sum, row) => sum + (row[d] - m) ** 2, 0) / (rows.length - less)) };
  };
  const mixed = (a: Moments, b: Moments, share: number): Moments => ({
    mean: a.mean.map((v, d) => (1 - share) * v + share * b.mean[d]),
    variance: a.variance.map((v, d) => (1 - share) * v + share * b.variance[d]),
  });
  it.each<[string, (x: Rows[], moving: Moments, n: number) => Moments, string]>([
    ['of the batch, n − 1', x => momentsOf(x.flat(), 1), 'the variance divided by n − 1 (torch.var)'],
    ['of each sample', (x, _, n) => momentsOf(x[n]), 'normalises each sample by its own mean and variance'],
    [
      'after one step of PyTorch',
      (x, moving) => mixed(moving, momentsOf(x.flat(), 1), 0.1),
      'have 0.1 of this batch in them (its variance divided by n − 1)',
    ],
    ['after one step of Keras', (x, moving) => mixed(moving, momentsOf(x.flat()), 0.01), 'have 0.01 of this batch in them:'],
  ])('%s', async (_, moments, words) => {
    const network = await networkOf([{ kind: 'batchnorm', name: 'b' }, R]);
    const { of } = network;
    const moving = { mean: of('b/mean'), variance: of('b/variance') };
    const normal = (given: (n: number) => Moments) =>
      network.x.map((rows, n) =>
        rows.map(row =>
          row.map((v, d) => ((v - given(n).mean[d]) / Math.sqrt(given(n).variance[d] + 1e-3)) * of('b/gamma')[d] + of('b/beta')[d]),
        ),
      );
    expect(
      await network.said(
        ends(
          network,
          normal(() => moving),
        ),
      ),
    ).toBe('SAME');
    expect(
      await network.said(
        ends(
          network,
          normal(n => moments(network.x, moving, n)),
        ),
      ),
    ).toContain(words);
  });
});

describe('a LayerNormalization', () => {
  const normal = ({ x, of }: Network, size: (variance: number) => number, whole = false) =>
    x.map(rows =>
      rows.map(row => {
        const all = whole ? rows.flat() : row;
        const mean = all.reduce((a, b) => a + b, 0) / all.length;
        const variance = all.reduce((sum, v) => sum + (v - mean) ** 2, 0) / all.length;
        return row.map((v, d) => ((v - mean) / size(variance)) * of('l/gamma')[d] + of('l/beta')[d]);
      }),
    );
  it.each<[string, (variance: number) => number, boolean, string]>([
    ['ε beside the root', v => Math.sqrt(v) + 1e-2, false, 'epsilon of l is added to the deviation'],
    ['over steps and features', v => Math.sqrt(v + 1e-2), true, 'normalises over the steps and features of a sample together'],
    ['another ε', v => Math.sqrt(v + 1e-4), false, 'psilon of l is 0.0001 instead of 0.01'],
  ])('%s', async (_, size, whole, words) => {
    const network = await networkOf([{ kind: 'layernorm', name: 'l', epsilon: 1e-2 }, R]);
    expect(
      await network.said(
        ends(
          network,
          normal(network, v => Math.sqrt(v + 1e-2)),
        ),
      ),
    ).toBe('SAME');
    expect((await network.said(ends(network, normal(network, size, whole)))).toLowerCase()).toContain(words);
  });
});

describe('an attention', () => {
  const softmax = (z: number[]) => {
    const e = z.map(v => Math.exp(v - Math.max(...z)));
    return e.map(v => v / e.reduce((a, b) => a + b, 0));
  };
  const turned = (rows: Rows) => rows.map((_, i) => rows.map(row => row[i]));
  interface Way {
    readonly scale?: number;
    readonly sees?: (t: number, s: number) => boolean;
    readonly weigh?: (scores: Rows) => Rows;
    readonly parts?: readonly string[];
  }
  function attended(
    { x, of }: Network,
    { scale = 1 / Math.sqrt(2), sees = () => true, weigh = rows => rows.map(softmax), parts }: Way,
  ): Rows[] {
    const [q, k, v] = (parts ?? ['query', 'key', 'value']).map(part =>
      x.map(rows =>
        [0, 1, 2].map(h =>
          rows.map(row =>
            of(`a/${part}/b`)[h].map((b: number, p: number) => row.reduce((sum, one, d) => sum + one * of(`a/${part}/W`)[d][h][p], b)),
          ),
        ),
      ),
    );
    return x.map((rows, n) =>
      rows.map((_, t) => {
        let y: number[] = of('a/output/b');
        for (let h = 0; h < 3; h++) {
          const scores = rows.map((_u, i) =>
            rows.map((_w, s) =>
              sees(i, s) ? scale * q[n][h][i].reduce((sum: number, a: number, p: number) => sum + a * k[n][h][s][p], 0) : -1e30,
            ),
          );
          const weights = weigh(scores)[t];
          const mean = [0, 1].map(p => weights.reduce((sum, w, s) => sum + w * v[n][h][s][p], 0));
          y = add(y, times(mean, of('a/output/W')[h]));
        }
        return y;
      }),
    );
  }
  const upTo = (t: number, s: number) => s <= t;
  it.each<[string, boolean, Way, string]>([
    ['without its scale', false, { scale: 1 }, 'the scores are not divided by √2'],
    ['over all heads', false, { scale: 1 / Math.sqrt(6) }, 'divided by √6, the width of all heads'],
    ['softmax over the queries', false, { weigh: rows => turned(turned(rows).map(softmax)) }, 'the softmax goes over the queries'],
    ['no softmax', false, { weigh: rows => rows }, 'the softmax is left out'],
    ['key and value exchanged', false, { parts: ['query', 'value', 'key'] }, 'key and value are exchanged'],
    ['mask forgotten', true, {}, 'the causal mask is missing'],
    ['mask turned', true, { sees: (t, s) => s >= t }, 'the mask is turned'],
    ['mask without the step itself', true, { sees: (t, s) => s < t }, 'earlier ones only, and not itself'],
    [
      'mask behind the softmax',
      true,
      { weigh: rows => rows.map((row, t) => softmax(row).map((w, s) => (s <= t ? w : 0))) },
      'the mask comes after the softmax',
    ],
    ['a mask that is not there', false, { sees: upTo }, 'a causal mask hides later steps'],
  ])('%s', async (_, causal, way, words) => {
    const network = await networkOf([{ kind: 'multiheadattention', name: 'a', heads: 3, units: 2, causal, inputs: ['input', 'input'] }, R]);
    expect(await network.said(ends(network, attended(network, causal ? { sees: upTo } : {})))).toBe('SAME');
    expect(await network.said(ends(network, attended(network, way)))).toContain(words);
  });
});

it('a summand that is missing, and a layer that is left out', async () => {
  const inner = { kind: 'dense', name: 'd', units: 3, activation: 'tanh' };
  const network = await networkOf([inner, { kind: 'add', name: 's', inputs: ['input', 'd'] }, R]);
  const { x, of } = network;
  const d = (rows: Rows) => rows.map(row => add(times(row, of('d/Wo')), of('d/bo')).map(Math.tanh));
  expect(
    await network.said(
      ends(
        network,
        x.map(rows => d(rows).map((row, t) => add(row, rows[t]))),
      ),
    ),
  ).toBe('SAME');
  expect(await network.said(ends(network, x.map(d)))).toContain('layer-left-out input is not joined to d: s is left out.');
  expect(
    await network.said(
      ends(
        network,
        x.map(rows => rows.map(row => add(row, row))),
      ),
    ),
  ).toContain('layer-left-out d is left out');
});

/** Every h, from the first row to the last. */
function hidden({ of }: Network, name: string, rows: Rows, start?: number[]): Rows {
  let h: number[] = start ?? of(`${name}/Wh`).map(() => 0);
  return rows.map(x => (h = add(add(times(x, of(`${name}/Wx`)), times(h, of(`${name}/Wh`))), of(`${name}/bh`)).map(Math.tanh)));
}

const scored = ({ of }: Network, h: number[]) => add(times(h, of('head/Wo')), of('head/bo'));
const turned = (rows: Rows): Rows => rows[0].map((_, k) => rows.map(row => row[k]));
/** The numbers row after row, in rows of another width. */
const inRows = (numbers: number[], width: number): Rows =>
  Array.from({ length: numbers.length / width }, (_, r) => numbers.slice(r * width, (r + 1) * width));
const EVERY = { ...R, returnSequences: true };

describe('what stands between two layers', () => {
  it('steps and channels of a convolution that were reshaped, not transposed; a kernel in the same way', async () => {
    const network = await networkOf([{ ...CONV, padding: 'same' }, R]);
    const W: number[][][] = network.of('c/W');
    const [D, F] = [W[0].length, W[0][0].length];
    const rows = (kernel = W) => network.x.map(x => convolved(x, kernel, network.of('c/b'), { front: 1, behind: 1 }));
    expect(await network.said(ends(network, rows()))).toBe('SAME');
    const viewed = rows().map(steps => inRows(turned(steps).flat(), F));
    expect(await network.said(ends(network, viewed))).toMatch(/^layer-layout .*by view or reshape instead of by a transpose\. fits$/);
    const flat = W.flat(2);
    const inTorch = W.map((_, k) =>
      Array.from({ length: D }, (_, d) => Array.from({ length: F }, (_, f) => flat[(f * D + d) * W.length + k])),
    );
    expect(await network.said(ends(network, rows(inTorch)))).toContain(
      'convolution:kernel c runs with a kernel that was brought from [width, C, F]',
    );
    const mirrored = rows().map(steps => steps.map(row => [...row].reverse()));
    expect(await network.said(ends(network, mirrored))).not.toMatch(/layer-layout|kernel/);
  });

  it('a Flatten that reads units before steps', async () => {
    const network = await networkOf([EVERY, { kind: 'flatten', name: 'f' }]);
    const hs = network.x.map(x => hidden(network, 'r', x));
    expect(await network.said(hs.map(rows => scored(network, rows.flat())))).toBe('SAME');
    expect(await network.said(hs.map(rows => scored(network, turned(rows).flat())))).toMatch(
      /^layer-layout .*flattened unit by unit.* fits$/,
    );
    expect(await network.said(hs.map(rows => scored(network, [...rows].reverse().flat())))).not.toContain('layer-layout');
  });

  it('an Attention whose scores are divided, or see no later step', async () => {
    const attention = { kind: 'attention', name: 'a', inputs: ['r', 'r'] };
    const network = await networkOf([EVERY, attention, { kind: 'avgpool', name: 'p' }]);
    const y = (scale: number, last = (_: number) => true) =>
      network.x.map(x => {
        const hs = hidden(network, 'r', x);
        const mean = hs[0].map(() => 0);
        hs.forEach((q, t) => {
          const e = hs.map((k, s) => (last(s - t) ? Math.exp(scale * q.reduce((sum, v, m) => sum + v * k[m], 0)) : 0));
          const sum = e.reduce((a, b) => a + b);
          for (const [s, v] of hs.entries()) for (const m of v.keys()) mean[m] += ((e[s] / sum) * v[m]) / hs.length;
        });
        return scored(network, mean);
      });
    expect(await network.said(y(1))).toBe('SAME');
    expect(await network.said(y(1 / 2))).toMatch(/^attention:scale In a the scores are divided by the root of their width.* fits$/);
    expect(await network.said(y(1, ahead => ahead <= 0))).toMatch(
      /^attention:mask In a a causal mask hides later steps; the network has none\. fits$/,
    );
    expect(await network.said(y(0.31))).not.toContain('attention');
  });

  it('a decoder that starts from zeros, not with the state of its encoder', async () => {
    const decoder = { kind: 'rnn', name: 'd', units: 4, inputs: ['r'], states: ['r/h'] };
    const network = await networkOf([{ ...R, returnSequences: true }, decoder]);
    const y = (start: (last: number[]) => number[]) =>
      network.x.map(x => {
        const hs = hidden(network, 'r', x);
        return scored(network, hidden(network, 'd', hs, start(hs.at(-1)!)).at(-1)!);
      });
    expect(await network.said(y(h => h))).toBe('SAME');
    expect(await network.said(y(h => h.map(() => 0)))).toMatch(/^state-not-passed d starts from zeros.* fits$/);
    expect(await network.said(y(h => [...h].reverse()))).not.toContain('state-not-passed');
  });

  it('a backward direction that runs forward', async () => {
    const network = await networkOf([
      { ...EVERY, bidirectional: 'concat' },
      { kind: 'avgpool', name: 'p' },
    ]);
    const y = (way: (rows: Rows, name: string) => Rows) =>
      network.x.map(x => {
        const both = [hidden(network, 'r/forward', x), way(x, 'r/backward')];
        return scored(
          network,
          both.flatMap(hs => hs[0].map((_, m) => hs.reduce((sum, h) => sum + h[m] / hs.length, 0))),
        );
      });
    expect(await network.said(y((x, name) => hidden(network, name, [...x].reverse())))).toBe('SAME');
    expect(await network.said(y((x, name) => hidden(network, name, x)))).toMatch(
      /^backward-not-flipped .*x is not reversed for it\. fits$/,
    );
    expect(await network.said(y((x, name) => hidden(network, name, [...x.slice(3), ...x.slice(0, 3)])))).not.toContain(
      'backward-not-flipped',
    );
  });
});
