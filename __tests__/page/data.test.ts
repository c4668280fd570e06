import { runForward } from '../../src/run/forward.js';
import type { ComparePage, ForwardPage, InspectPage, Packed, ShapesPage } from '../../src/run/page/pageData.js';
import { forwardPage } from '../../src/run/page/pageForward.js';
import { figuresOf, inspectPage } from '../../src/run/page/pageInspect.js';
import { checkSize, pageNetwork } from '../../src/run/page/pageNetwork.js';
import type { Prepared } from '../../src/run/prepare.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { runCli } from '../helpers/runCli.js';

/** What a page is given, number by number; what it shows of that is tested in a browser. */

const { path, write } = temporaryFolder();
beforeAll(() => {
  Object.assign(globalThis, { __PAGE__: JSON.stringify({ script: '', style: '', scriptSha256: '', styleSha256: '' }) });
});

async function pageOf<Page>(line: string): Promise<Page> {
  const { stdout, stderr, exit } = await runCli(`${line} --html -`);
  if (exit > 1) throw new Error(stderr);
  return JSON.parse(/<script id="data"[^>]*>([^<]*)/.exec(stdout)![1]);
}

async function json<Result>(line: string): Promise<Result> {
  return JSON.parse((await runCli(`${line} --json`)).stdout);
}

/** From base64, little-endian, without the code that wrote it. */
function numbers({ shape, dtype, base64 }: Packed): { shape: readonly number[]; dtype: string; data: number[] } {
  const bytes = Buffer.from(base64, 'base64');
  const size = { f32: 4, f64: 8, u8: 1 }[dtype];
  const read = { f32: (at: number) => bytes.readFloatLE(at), f64: (at: number) => bytes.readDoubleLE(at), u8: (at: number) => bytes[at] }[
    dtype
  ];
  return { shape, dtype, data: Array.from({ length: bytes.length / size }, (_, k) => read(k * size)) };
}

function array(shape: readonly number[], start = 0): Tensor {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  return { shape, data: data.map((_, k) => start + ((k * 7) % 11) / 8 - 0.625) };
}

const asPacked = ({ shape, data }: Tensor) => ({ shape, dtype: 'f32', data: [...data] });

async function npy(name: string, t: Tensor): Promise<Tensor> {
  write(name, await bytesOf('npy', { npy: t }));
  return t;
}

describe('forward', () => {
  it('a network that a seed draws in a moment is a description and nothing else', async () => {
    const line = 'forward --cell gru --N 2 --T 4 --D 3 --M 5 --K 2 --pool max --activation relu --framework torch --seed 7 --rng torch';
    const page = await pageOf<ForwardPage>(`${line} --init torch --sample 2 --step 3 --unit 4 --bidirectional`);
    expect(page).toEqual({
      kind: 'forward',
      version: expect.any(String),
      command: `rnn-cli ${line} --init torch --sample 2 --step 3 --unit 4 --bidirectional --html -`,
      network: {
        title: 'bidirectional GRU, many to one',
        framework: 'torch',
        spec: expect.objectContaining({ input: { name: 'input', batch: 2, timesteps: 4, features: 3 } }),
        flags: {
          N: 2,
          T: 4,
          D: 3,
          M: [5],
          K: 2,
          cell: 'gru',
          pool: 'max',
          bidirectional: true,
          activation: 'relu',
          framework: 'torch',
        },
        weights: null,
        input: { drawn: true, shape: [2, 4, 3], x: null, mask: null, initialStates: null, others: null },
        seed: '7',
        rng: 'torch',
        init: 'torch',
        weightsSource: 'seed 7',
        inputSource: 'seed 7',
        notes: [],
        assumptions: [],
      },
      engine: 'batched',
      dtype: 'f32',
      ySha256: (await json<{ ySha256: string }>(`${line} --init torch --bidirectional`)).ySha256,
      at: { sample: 2, step: 3, unit: 4 },
    });
  });

  it('which engine and type of numbers computed y', async () => {
    expect(await pageOf<ForwardPage>('forward --engine manual --dtype f64')).toMatchObject({ engine: 'manual', dtype: 'f64', at: {} });
    expect(await pageOf<ForwardPage>('forward --engine batched --input-rng numpy')).toMatchObject({
      dtype: 'f32',
      network: { inputRng: 'numpy' },
    });
  });

  it('an input from a file, with its mask and its first states, stands in the page', async () => {
    const x = await npy('x.npy', array([3, 4, 2]));
    const mask = await npy('mask.npy', { shape: [3, 4], data: Float32Array.from([1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0]) });
    const h0 = await npy('h0.npy', array([3, 5], 0.25));
    const line = `forward --layers rnn:5,dense:2 -i ${path('x.npy')} --mask ${path('mask.npy')} --h0 ${path('h0.npy')}`;
    const { input, weights, flags } = (await pageOf<ForwardPage>(line)).network;
    expect({ ...input, x: numbers(input.x!), mask: numbers(input.mask!) }).toMatchObject({
      drawn: false,
      shape: [3, 4, 2],
      x: asPacked(x),
      mask: { shape: [12], dtype: 'u8', data: [...mask.data] },
      others: null,
    });
    expect(Object.entries(input.initialStates!).map(([layer, states]) => [layer, states.map(numbers)])).toEqual([
      ['rnn_1', [asPacked(h0)]],
    ]);
    expect([weights, flags]).toEqual([null, expect.objectContaining({ layers: 'rnn:5,dense:2' })]);
  });

  it('x that a seed draws stands in the page beside a mask, a choice of samples, or other inputs', async () => {
    await npy('lengths.npy', { shape: [2], data: Float32Array.from([4, 2]) });
    const alone = (await pageOf<ForwardPage>('forward --N 2 --T 4')).network.input;
    expect(alone).toMatchObject({ drawn: true, x: null });
    const masked = (await pageOf<ForwardPage>('forward --N 2 --T 4 --lengths 4,2')).network.input;
    expect(numbers(masked.x!)).toMatchObject({ shape: [2, 4, 3], dtype: 'f32' });
    expect(numbers(masked.mask!).data).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
    const rows = (await pageOf<ForwardPage>('forward --N 5 --T 4 --rows 1:3')).network.input;
    expect(numbers(rows.x!).shape).toEqual([2, 4, 3]);
    write(
      'two.json',
      JSON.stringify({
        schema: 'rnn-cli/spec@2',
        inputs: [
          { name: 'a', timesteps: 2, features: 3 },
          { name: 'b', timesteps: 2, features: 3 },
        ],
        layers: [
          { kind: 'concatenate', name: 'both', inputs: ['a', 'b'] },
          { kind: 'dense', name: 'd', units: 2, inputs: ['both'] },
        ],
      }),
    );
    const { input, weights, flags } = (await pageOf<ForwardPage>(`forward ${path('two.json')}`)).network;
    expect(input).toMatchObject({ drawn: true, x: expect.anything(), others: { b: { shape: [1, 2, 3] } } });
    expect([weights, flags]).toEqual([null, null]);
  });

  it('numbers of a file stand in the page, and those of a seed where they are more than 20,000', async () => {
    const own = {
      'rnn_1/Wx': array([2, 3]),
      'rnn_1/Wh': array([3, 3]),
      'rnn_1/bh': array([3]),
      'dense_1/Wo': array([3, 1]),
      'dense_1/bo': array([1]),
    };
    write('w.npz', await bytesOf('npz', own));
    const { network } = await pageOf<ForwardPage>(`forward --layers rnn:3,dense:1 --T 4 --weights ${path('w.npz')}`);
    expect(Object.fromEntries(Object.entries(network.weights!).map(([name, t]) => [name, numbers(t)]))).toEqual(
      Object.fromEntries(Object.entries(own).map(([name, t]) => [name, asPacked(t)])),
    );
    expect(network).toMatchObject({ flags: null, weightsSource: path('w.npz'), input: { drawn: true, x: null } });
  });

  it('the limits: 20,000 numbers are drawn again, 20,001 are written', () => {
    const zeros = (...shape: number[]): Tensor => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
    const drawn = (weights: number, x: number) => {
      const network = { title: '', framework: 'keras', model: { layers: [], name: null }, shapes: { output: [] } };
      const prepared = {
        network,
        weights: new Map([
          ['a/w', zeros(weights - 5)],
          ['a/v', zeros(5)],
        ]),
        input: { x: zeros(1, x, 1) },
        notes: [],
        assumptions: [],
      };
      const page = pageNetwork(prepared as unknown as Prepared, {});
      return [page.weights === null, page.input.x === null];
    };
    expect(drawn(20_000, 20_000)).toEqual([true, true]);
    expect(drawn(20_001, 20_000)).toEqual([false, false]);
    expect(drawn(20_000, 20_001)).toEqual([true, false]);
  });

  it('a page holds 64 MiB of numbers, of all tensors together, and not one more', () => {
    const bytes = (byteLength: number) => ({ shape: [1], data: { byteLength } }) as unknown as Tensor;
    expect(() => checkSize([bytes(2 ** 26 - 4), bytes(4)])).not.toThrow();
    expect(() => checkSize([bytes(2 ** 26), bytes(4)])).toThrow(
      expect.objectContaining({
        kind: 'limit',
        code: 'E_PAGE_SIZE',
        message: 'the page would hold 67108868 bytes of numbers, and 67108864 are the most a page may hold',
        where: '--html',
        expected: 'at most 67108864 bytes',
        found: '67108868 bytes',
        fix: 'show fewer samples (--rows 0:10), or a smaller network',
      }),
    );
  });

  it('a mistake made on purpose has no page, nor has ONNX Runtime', async () => {
    const { stdout, stderr } = await runCli('forward --N 4 --simulate state-carry --html -');
    expect([stdout, stderr]).toEqual([
      '',
      'error: --html shows the network without mistakes, --simulate makes one   [E_CONFLICT]\n' +
        '  fix: rnn-cli compare --simulate state-carry --html FILE shows both\n',
    ]);
    expect(() => forwardPage({ engine: 'onnxruntime' } as never, {} as never, {}, '')).toThrow(
      expect.objectContaining({
        kind: 'unsupported',
        code: 'E_PAGE_ENGINE',
        message: 'a page computes with the batched or the manual engine, not with onnxruntime',
        where: '--html',
        fix: 'drop --engine onnxruntime',
      }),
    );
  });
});

describe('inspect', () => {
  it.each<[string, number[], object]>([
    ['nothing', [], { least: 0, greatest: 0, mean: 0, deviation: 0, zeros: 0, notFinite: 0 }],
    ['nothing finite', [Number.NaN, Infinity, -Infinity], { least: 0, greatest: 0, mean: 0, deviation: 0, zeros: 0, notFinite: 3 }],
    ['one number', [-2], { least: -2, greatest: -2, mean: -2, deviation: 0, zeros: 0, notFinite: 0 }],
    ['both signs of 0', [0, -0, 1, -1], { least: -1, greatest: 1, mean: 0, deviation: Math.sqrt(0.5), zeros: 2, notFinite: 0 }],
    [
      'some finite',
      [5, Number.NaN, 1, Infinity, 3],
      { least: 1, greatest: 5, mean: 3, deviation: Math.sqrt(8 / 3), zeros: 0, notFinite: 2 },
    ],
  ])('figures of %s', (_, data, figures) => {
    const { histogram, ...rest } = figuresOf(Float64Array.from(data));
    expect({ ...rest, least: rest.least + 0 }).toEqual(figures);
    expect(histogram.reduce((a, b) => a + b, 0)).toBe(data.filter(Number.isFinite).length);
  });

  it('32 equal intervals from the least to the greatest, which is in the last one', () => {
    expect(figuresOf(Float64Array.from({ length: 33 }, (_, k) => k - 7)).histogram).toEqual([...new Array(31).fill(1), 2]);
    expect(figuresOf(Float64Array.of(4, 4, 4)).histogram).toEqual([3, ...new Array(31).fill(0)]);
    expect(figuresOf(Float64Array.of(0, Number.NaN, 8, 5)).histogram.flatMap((n, k) => (n > 0 ? [[k, n]] : []))).toEqual([
      [0, 1],
      [20, 1],
      [31, 1],
    ]);
  });

  it('numbers of a tensor of up to 20,000, of all together up to a million; figures of every one', () => {
    const zeros = new Float32Array(20_001);
    const pageWith = (...sizes: number[]) => {
      const tensors = new Map(sizes.map((size, k) => [`t${k}`, { shape: [size], dtype: 'f32', data: zeros.subarray(0, size) }]));
      return inspectPage({} as never, { opened: { file: { tensors } }, network: null } as never, '').tensors;
    };
    const [first, second] = pageWith(20_000, 20_001);
    expect([first.values?.shape, second.values, second.figures.zeros]).toEqual([[20_000], null, 20_001]);
    const many = pageWith(...new Array(49).fill(20_000), 19_998, 3, 2);
    expect(many.map(({ values }) => values !== null)).toEqual([...new Array(50).fill(true), false, true]);
  });

  it('a page of a file has its result, its network and its numbers', async () => {
    const w = array([3, 2]);
    write('plain.npz', await bytesOf('npz', { w }));
    const line = `inspect ${path('plain.npz')}`;
    const page = await pageOf<InspectPage>(line);
    expect(page).toMatchObject({ kind: 'inspect', command: `rnn-cli ${line} --html -`, spec: null, framework: 'keras' });
    expect(page.result).toEqual(await json(line));
    expect(page.tensors.map(({ values }) => numbers(values!))).toEqual([asPacked(w)]);
  });
});

describe('shapes', () => {
  it('a page has the result and the network behind it', async () => {
    const line = 'shapes --layers lstm:4,dense:3 --D 2 --framework torch';
    const page = await pageOf<ShapesPage>(line);
    expect(page).toEqual({
      kind: 'shapes',
      version: expect.any(String),
      command: `rnn-cli ${line} --html -`,
      result: await json(line),
      spec: expect.objectContaining({ layers: [expect.objectContaining({ units: 4 }), expect.objectContaining({ units: 3 })] }),
      framework: 'torch',
    });
  });
});

describe('compare', () => {
  it('a page has both outputs, what each value may be off, and the h of the mistake beside the right one', async () => {
    const line = 'compare --cell lstm --N 12 --T 4 --M 5 --simulate state-carry';
    const page = await pageOf<ComparePage>(line);
    expect(page.result).toEqual(await json(line));
    expect(page).toMatchObject({
      kind: 'compare',
      command: `rnn-cli ${line} --html -`,
      dims: ['N', 'K'],
      network: { title: 'LSTM, many to one' },
    });
    const [expected, actual, allowed] = [page.expected, page.actual, page.allowed].map(numbers);
    const off = expected.data.map((e, k) => Math.abs(e - actual.data[k]));
    expect([expected.shape, actual.shape, allowed.shape]).toEqual([
      [12, 2],
      [12, 2],
      [12, 2],
    ]);
    expect(Math.max(...off)).toBe(page.result.max!.abs);
    expect(off.filter((d, k) => d > allowed.data[k])).toHaveLength(page.result.mismatched!);

    const [{ code, from, layers }] = page.loops;
    const [{ name, way, right, wrong }] = layers;
    expect([page.loops.length, code, from, name, way]).toEqual([1, 'state-carry', 0, 'lstm_1', null]);
    // the first sample is the same, the second starts from what the first one ended with
    const { tensors } = await runForward({ cell: 'lstm', N: 12, T: 4, M: [5], engine: 'manual', dtype: 'f64', trace: true });
    const [a, b] = [numbers(right), numbers(wrong)];
    expect([a.shape, b.shape]).toEqual([
      [8, 4, 5],
      [8, 4, 5],
    ]);
    expect(a.data).toEqual([...tensors.trace!.get('lstm_1/h')!.data.slice(0, 8 * 4 * 5)]);
    expect(b.data.slice(0, 20)).toEqual(a.data.slice(0, 20));
    expect(b.data.slice(20).every((v, k) => v !== a.data[20 + k])).toBe(true);
  });

  it.each([
    [
      'two directions are told apart',
      '--N 3 --bidirectional --task many-to-many --simulate backward-not-flipped',
      [
        ['backward-not-flipped', 0, 'rnn_1', 0, [3, 4, 5], [3, 4, 5]],
        ['backward-not-flipped', 0, 'rnn_1', 1, [3, 4, 5], [3, 4, 5]],
      ],
    ],
    [
      'samples before the one that is before the first difference are left out',
      '--N 5 --lengths 4,4,4,2,3 --simulate mask-ignored',
      [
        ['input-padded', 2, 'rnn_1', null, [3, 4, 5], [3, 5, 5]],
        ['mask-ignored', 2, 'rnn_1', null, [3, 4, 5], [3, 4, 5]],
      ],
    ],
    ['equal outputs have no loops', '--N 3', []],
  ])('%s', async (_, flags, loops) => {
    const page = await pageOf<ComparePage>(`compare --T 4 --M 5 ${flags}`);
    const rows = page.loops.flatMap(({ code, from, layers }) => layers.map(l => [code, from, l.name, l.way, l.right.shape, l.wrong.shape]));
    expect(rows).toEqual(loops);
  });

  it('of several outputs the page has those of the one that its result is of', async () => {
    const outputs = {
      layers: [
        { kind: 'rnn', name: 'a', units: 3 },
        { kind: 'dense', name: 'p', units: 2, inputs: ['a'] },
        { kind: 'dense', name: 'q', units: 4, inputs: ['a'] },
      ],
      outputs: ['p', 'q'],
    };
    write('outputs.json', JSON.stringify({ schema: 'rnn-cli/spec@2', input: { timesteps: 4, features: 3 }, ...outputs }));
    const made = await json<{ outputs: { name: string; y: number[][] }[] }>(`forward ${path('outputs.json')} --N 3`);
    for (const wrong of ['p', 'q']) {
      const tensors = made.outputs.map(({ name, y }) => {
        const t = { shape: [3, y[0].length], data: Float32Array.from(y.flat(), v => v + (name === wrong ? 0.5 : 0)) };
        return [name, t] as const;
      });
      write('outputs.npz', await bytesOf('npz', Object.fromEntries(tensors)));
      const page = await pageOf<ComparePage>(`compare ${path('outputs.json')} --N 3 --against ${path('outputs.npz')}`);
      expect([page.result.status, page.expected.shape, page.actual.shape]).toEqual([
        'DIFFERENT',
        page.result.shape!.expected,
        page.result.shape!.actual,
      ]);
      expect(numbers(page.actual)).toEqual(asPacked(new Map(tensors).get(wrong)!));
    }
  });

  it('two models, and arrays alone, have no page', async () => {
    const { stderr } = await runCli(`compare ${path('w.npz')} ${path('w.npz')} --html -`);
    expect(stderr).toBe(
      'error: --html: a page of compare shows two outputs of one network, and these files hold something else   [E_PAGE_FILES]\n' +
        '  fix: drop --html, or compare an output: rnn-cli compare --model A -i x.npy --against y.npy --html FILE\n',
    );
  });
});
