import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { activations } from '../../src/activations/index.js';
import { RnnError } from '../../src/errors.js';
import { runEmit, runForward } from '../../src/run/forward.js';
import type { ForwardRequest } from '../../src/run/request.js';
import { DRAWN } from '../helpers/drawnNetworks.js';
import { expectNear } from '../helpers/expectClose.js';
import { bytesOf, flat, temporaryFolder } from '../helpers/files.js';
import { numbersIn, printedByNumpy, withNumpy } from '../helpers/python.js';

const NETWORKS: readonly ForwardRequest[] = [
  { cell: 'lstm', N: 2 },
  { layers: 'gru:4+seq,lstm:3,dense:2@softmax', T: 10, D: 3, N: 3 },
  { layers: 'bigru:4+seq,maxpool,dense:2', T: 10, D: 2, N: 2 },
  { layers: 'rnn:4@relu+seq,avgpool,dense:3@sigmoid', T: 10, D: 2, N: 2 },
  { layers: 'bilstm:3,dense:2@tanh', D: 3, T: 10, N: 2 },
  { layers: 'lstm:4+proj=2,dense:2', D: 3, T: 10, framework: 'torch' },
  { layers: 'lstm:4,lstm:4,dense:2', D: 3, T: 10, framework: 'torch', N: 2 },
  { layers: 'gru:4+nobias,dense:2', D: 3, T: 10 },
  { layers: 'lstm:4+nobias+seq,last,dense:2@relu', D: 3, T: 10 },
  { layers: 'rnn:3,dense:4@silu,dense:2@softplus', D: 3, T: 10 },
  { layers: 'embedding:9x4,lstm:3,dense:2', T: 4 },
  { layers: 'lstm:3+seq,flatten,dense:2', D: 3, T: 5 },
  { layers: 'rnn:3,repeat:4,gru:3+seq,dense:2@elu', D: 3, T: 10 },
  { layers: 'bilstm:3+seq,bigru:2,dense:3@hard_sigmoid', D: 3, T: 10, N: 3 },
  { cell: 'gru', bidirectional: true, K: 0 },
];

/** What PyTorch's modules are not. */
const NOT_TORCH: readonly ForwardRequest[] = [
  { layers: 'bilstm:3+seq+sum,dense:2', D: 3, T: 10 },
  { layers: 'bigru:3+seq+mul,dense:2', D: 3, T: 10 },
  { layers: 'bigru:3+ave,dense:2', D: 3, T: 10 },
  { layers: 'gru:4+resetbefore,dense:2', D: 3, T: 10 },
  { layers: 'lstm:4+backwards+seq,dense:2', D: 3, T: 10 },
  { layers: 'lstm:4@relu,dense:2@softsign', D: 3, T: 10 },
  { layers: 'rnn:4@sigmoid+seq,dense:2@exponential', D: 3, T: 10 },
];

// that the scripts for PyTorch and Keras give it too: npm run live:emit
describe('--emit numpy', () => {
  withNumpy('prints scripts that give the same y', async () => {
    const requests = [...NETWORKS, ...NOT_TORCH, ...DRAWN.numpy];
    const printed = printedByNumpy(await Promise.all(requests.map(async request => (await runEmit(request, 'numpy')).script)));
    for (const [i, request] of requests.entries()) {
      const expected = (await runForward(request)).tensors.y.data;
      const found = numbersIn(printed[i]);
      expect([request, found.length]).toEqual([request, expected.length]);
      // an inverse-free QR in LAPACK and ours part by some ulp, which large weights multiply
      const largest = Math.max(1, ...expected.map(Math.abs));
      const off = Math.max(...found.map((v, k) => Math.abs(v - expected[k])));
      expect([request, off < 2e-6 * largest]).toEqual([request, true]);
    }
  });
});

describe.each(['numpy', 'torch'] as const)('--emit %s', target => {
  it('carries no numbers where the run is a script by itself', async () => {
    for (const request of DRAWN[target]) expect((await runEmit(request, target)).script).not.toContain('base64');
  });

  it('carries the numbers where they come from elsewhere', async () => {
    const elsewhere: ForwardRequest[] = [
      { seed: '3' },
      { rng: 'keras', seed: '3' },
      { rng: target, inputRng: 'seedrandom', seed: '3' },
      { rng: target, seed: '3', N: 3, rows: { from: 1, to: 2 } },
    ];
    for (const request of elsewhere) expect((await runEmit(request, target)).script).toContain('base64');
  });
});

it('--emit keras is the script of --rng keras, whose layers draw in the order of their construction', async () => {
  const request = { rng: 'keras', seed: '42', N: 4, layers: 'bilstm:4+seq,dropout:0.4,gru:3,dense:2@softmax', D: 3, T: 10 } as const;
  expect((await runEmit(request, 'keras')).script).toBe(
    `# y in Keras 3 on TensorFlow
# weights and input are drawn from seed 42, in the order in which the run that printed this drew them
import keras
import numpy as np

keras.utils.set_random_seed(42)
x = np.random.randn(4, 10, 3)
x = keras.ops.convert_to_tensor(x, "float32")
v1 = keras.layers.Bidirectional(keras.layers.LSTM(4, activation="tanh", recurrent_activation="sigmoid", return_sequences=True), merge_mode="concat")(x)
v2 = keras.layers.Dropout(rate=0.4)(v1)
v3 = keras.layers.GRU(3, activation="tanh", recurrent_activation="sigmoid", return_sequences=False, reset_after=True)(v2)
v4 = keras.layers.Dense(units=2, activation="softmax", use_bias=True)(v3)
y = keras.ops.convert_to_numpy(v4)
print(y)
`,
  );
});

it('--emit keras builds the same layers', async () => {
  const { script } = await runEmit({ layers: 'bilstm:4+seq+sum,gru:3+resetbefore,dense:2@softmax', D: 3, T: 10 }, 'keras');
  expect(script).toContain(
    'keras.layers.Bidirectional(keras.layers.LSTM(4, activation="tanh", recurrent_activation="sigmoid", return_sequences=True), merge_mode="sum")',
  );
  expect(script).toContain(
    'keras.layers.GRU(3, activation="tanh", recurrent_activation="sigmoid", return_sequences=False, reset_after=False)',
  );
  expect(script).toContain('keras.layers.Dense(units=2, activation="softmax", use_bias=True)');
});

it('--emit keras gives a mask to a layer at every step, for a Dense layer takes none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-emit-'));
  const model = join(folder, 'net.json');
  const inputs = [
    { name: 'x', timesteps: 4, features: 3 },
    { name: 'real', shape: [4] },
  ];
  const layers = [
    { kind: 'op', op: 'Cast', name: 'mask', inputs: ['real'], attributes: { to: 9 } },
    { kind: 'dense', name: 'y', units: 2, inputs: ['x'], mask: 'mask' },
  ];
  writeFileSync(model, JSON.stringify({ inputs, layers }));
  const { script } = await runEmit({ model }, 'keras');
  expect(script).toMatch(/TimeDistributed\(keras\.layers\.Dense\(units=2, .*\)\), .*mask=/);
});

it.each([
  ['lstm:2+nobias', 'LSTM(3, 2, batch_first=True, bias=False)'],
  ['bigru:2', 'GRU(3, 2, batch_first=True, bidirectional=True)'],
  ['rnn:2@relu', 'RNN(3, 2, batch_first=True, nonlinearity="relu")'],
  ['lstm:4+proj=2', 'LSTM(3, 4, batch_first=True, proj_size=2)'],
])('--emit torch: %s is %s', async (layers, module) => {
  const { script } = await runEmit({ layers, D: 3, T: 4, framework: 'torch' }, 'torch');
  expect(script).toContain(`torch.nn.${module}`);
});

it.each(NOT_TORCH)('--emit torch names what PyTorch has not: %j', async request => {
  await expect(runEmit(request, 'torch')).rejects.toMatchObject({ code: 'E_CONVERT_LAYER', exit: 3 });
});

it.each(['clip', 'inputForget', 'peepholes', 'outputActivation'])('writes no seed’s script where Keras’ layer has no %s', async option => {
  const value = { clip: 0.5, inputForget: true, peepholes: true, outputActivation: 'relu' }[option];
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-emit-'));
  const model = join(folder, 'net.json');
  writeFileSync(model, JSON.stringify({ input: { features: 2 }, layers: [{ kind: 'lstm', units: 4, [option]: value }] }));
  await expect(runEmit({ model, T: 4, rng: 'keras', seed: '1' }, 'keras')).rejects.toMatchObject({ exit: 3 });
  rmSync(folder, { recursive: true });
});

async function expectSameInNumpy(requests: readonly ForwardRequest[]): Promise<void> {
  const printed = printedByNumpy(await Promise.all(requests.map(async request => (await runEmit(request, 'numpy')).script)));
  for (const [i, request] of requests.entries()) {
    const expected = (await runForward({ ...request, dtype: 'f64' })).outputs.flatMap(({ y }) => flat(y));
    const found = numbersIn(printed[i]);
    expect([request, found.length]).toEqual([request, expected.length]);
    expectNear(found, expected, 5e-7);
  }
}

withNumpy('padding and given states stand in scripts of NumPy and PyTorch', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-emit-'));
  const state = (values: number[]) => {
    const path = join(folder, `${values.length}.json`);
    writeFileSync(path, JSON.stringify([values, values.map(v => -v), values.map(v => v / 3)]));
    return path;
  };
  const sizes = { N: 3, T: 5, D: 4, seed: '3' };
  const lengths = { ...sizes, lengths: '5,2,3' };
  const requests: ForwardRequest[] = [
    { layers: 'gru:3+seq,lstm:2,dense:2', ...lengths },
    { layers: 'bilstm:3+seq+sum,dense:2,lstm:2+nobias', ...lengths },
    { layers: 'gru:4+resetbefore+seq', ...lengths },
    { layers: 'rnn:3', ...sizes, h0: state([0.5, -0.4, 0.9]) },
    { layers: 'lstm:2+seq,dense:2', ...lengths, h0: state([0.5, -0.4]), c0: state([0.5, -0.4]) },
  ];
  await expectSameInNumpy(requests);
  const padded = (await runEmit({ ...requests[0], framework: 'torch' }, 'torch')).script;
  expect(padded).toMatch(/mask = array\(.*\) > 0\n {4}v1 = masked\(load\(torch\.nn\.GRU.*, x, mask, True, (True|False)\)\[0\]/);
  const started = { ...requests[4], framework: 'torch' as const };
  expect((await runEmit(started, 'torch')).script).toMatch(
    /v1 = masked\(.*, x, mask, True, (True|False), array\([^)]*\), array\([^)]*\)\)\[0\]/,
  );
  expect((await runEmit({ layers: 'lstm:2', ...sizes, h0: state([0.5, -0.4]), c0: state([0.5, -0.4]) }, 'torch')).script).toMatch(
    /v1 = run_from\(load\(torch\.nn\.LSTM\(4, 2, batch_first=True\), \{.*\}\), x, False, array\([^)]*\), array\([^)]*\)\)\[0\]/,
  );
  const keras = await runEmit(requests[4], 'keras');
  expect(keras.script).toMatch(/x\._keras_mask = mask[\s\S]*initial_state=\[array\([^)]*\), array\([^)]*\)\], mask=mask/);
  rmSync(folder, { recursive: true });
});

const branches = temporaryFolder();

withNumpy('where branches with masks meet, a script of NumPy has their joint mask', async () => {
  const tokens = (seed: number) => Float32Array.from({ length: 15 }, (_, k) => (k * seed * 7 + seed) % 4);
  const arrays = { a: { shape: [3, 5], data: tokens(3) }, b: { shape: [3, 5], data: tokens(5) } };
  const input = branches.write('x.npz', await bytesOf('npz', arrays));
  const branch = (name: string, maskZero: boolean) => [
    { kind: 'embedding', name: `${name}e`, tokens: 4, units: 3, maskZero, inputs: [name] },
    { kind: 'lstm', name: `${name}h`, units: 3, returnSequences: true, inputs: [`${name}e`] },
  ];
  const joins = [
    { kind: 'add' },
    { kind: 'subtract', masks: 'all' },
    { kind: 'average' },
    { kind: 'concatenate' },
    { kind: 'concatenate', axis: 1 },
    { kind: 'multiply' },
    { kind: 'maximum' },
    { kind: 'minimum', masks: 'all' },
    { kind: 'minimum' },
  ];
  const inputs = ['a', 'b'].map(name => ({ name, batch: null, timesteps: 5, features: null }));
  const requests = joins.flatMap((join, i) =>
    [true, false].map(both => {
      const layers = [
        ...branch('a', true),
        ...branch('b', both),
        { ...join, name: 'j', inputs: ['ah', 'bh'] },
        { kind: 'gru', name: 'y', units: 2 },
      ];
      const spec = {
        schema: 'rnn-cli/spec@2',
        inputs,
        layers: layers.map(l => (l.name === 'y' ? { ...l, inputs: ['j'] } : l)),
        output: 'y',
      };
      return { model: branches.write(`m${i}${both}.json`, JSON.stringify(spec)), input };
    }),
  );
  await expectSameInNumpy(requests);
  const maximum = requests[joins.findIndex(({ kind }) => kind === 'maximum') * 2];
  expect((await runEmit(maximum, 'torch')).script).toMatch(/v5 = taking_the_other\(torch\.maximum, \[v2, v4\], \[\(x1 != 0\)\[/);
});

withNumpy('a script of NumPy finds the masked steps in x itself', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-emit-'));
  const save = (name: string, values: unknown) => {
    writeFileSync(join(folder, name), JSON.stringify(values));
    return join(folder, name);
  };
  const tokens = save('tokens.json', [
    [3, 1, 0, 0, 0],
    [0, 2, 5, 4, 1],
    [1, 0, 2, 0, 6],
  ]);
  const masked = (value: number) =>
    [0, 1, 2].map(n => [0, 1, 2, 3, 4].map(t => (t > 4 - n || t === n ? [value, value] : [n + 0.5, t - 1.25])));
  const requests: ForwardRequest[] = [
    { layers: 'masking:0,lstm:4,dense:2', input: save('zeros.json', masked(0)) },
    { layers: 'masking:-1.1,dropout:0.5,bigru:3+seq,dense:2@tanh,rnn:3', input: save('values.json', masked(-1.1)) },
    { layers: 'embedding:7x4+maskzero,gru:3+seq,lstm:2+seq', input: tokens },
    { layers: 'embedding:7x4+maskzero,gru:3+seq,flatten,dense:2', input: tokens },
    { layers: 'embedding:7x4+maskzero,gru:3,repeat:3,rnn:2', input: tokens },
    { layers: 'embedding:7x4+maskzero,gru:3+seq,avgpool,dense:2', input: tokens },
    { layers: 'embedding:7x4+maskzero,gru:3+seq,last,dense:2', input: tokens },
    { layers: 'embedding:7x4+maskzero,bilstm:3+sum,dense:2', input: tokens, lengths: '4,5,3' },
  ];
  await expectSameInNumpy(requests);
  const torch = (await runEmit(requests.at(-1)!, 'torch').catch(e => e)) as { code?: string };
  expect(torch.code).toBe('E_CONVERT_LAYER');
  const { script } = await runEmit({ layers: 'embedding:7x4+maskzero,bilstm:3+seq,gru:2', input: tokens, lengths: '4,5,3' }, 'torch');
  expect(script).toMatch(
    /v2 = masked\(load\(torch\.nn\.LSTM\(4, 3, batch_first=True, bidirectional=True\).*, v1, \(\(x != 0\) & mask\), True, True\)\[0\]/,
  );
  expect(script).toMatch(/v3 = masked\(load\(torch\.nn\.GRU.*, v2, \(\(x != 0\) & mask\), False, False\)\[0\]/);
  const pooled = await runEmit({ layers: 'embedding:7x4+maskzero,avgpool,dense:2', input: tokens }, 'torch');
  expect(pooled.script).toMatch(/v2 = \(v1 \* \(x != 0\)\[:, :, None\]\)\.sum\(1\) \/ \(x != 0\)\[:, :, None\]\.sum\(1\)/);
  rmSync(folder, { recursive: true });
});

withNumpy('every activation is a function of NumPy, with any parameters', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-emit-'));
  const values: Record<string, unknown> = { negative_slope: 0.15, max_value: 1.25, threshold: 0.3, default_value: -0.7, approximate: true };
  const specs = activations.flatMap(({ name, parameters = {} }) => [
    name,
    { name, ...Object.fromEntries(Object.keys(parameters).map((key, i) => [key, values[key] ?? 0.6 + i])) },
  ]);
  const requests = specs.map((activation, i): ForwardRequest => {
    const model = join(folder, `${i}.json`);
    writeFileSync(model, JSON.stringify({ input: { timesteps: 3, features: 2 }, layers: [{ kind: 'dense', units: 5, activation }] }));
    return { model, N: 4 };
  });
  await expectSameInNumpy(requests);
  rmSync(folder, { recursive: true });
});

it('names what PyTorch has not', async () => {
  await expect(runEmit({ layers: 'gru:4+resetbefore', D: 3, T: 10 }, 'torch')).rejects.toMatchObject({ code: 'E_CONVERT_LAYER', exit: 3 });
});

describe('networks that are no chain', () => {
  const models = join(__dirname, '..', 'reference', 'keras_models');
  const names = readdirSync(models).flatMap(file => (file.endsWith('.keras') ? [file.replace('.keras', '')] : []));
  const requestOf = (name: string) => ({
    model: join(models, `${name}.keras`),
    input: ['.x.npy', '.x.npz'].map(end => join(models, name + end)).find(path => existsSync(path)),
  });

  const graphs = join(__dirname, '..', 'reference', 'onnx_wired');
  const wired = readdirSync(graphs).filter(file => file.endsWith('.onnx'));

  withNumpy('ONNX graphs of layers and operators print every output in NumPy', async () => {
    const requests = wired.map(file => ({ model: join(graphs, file), input: join(graphs, file.replace('.onnx', '.x.npz')) }));
    const written = await Promise.all(requests.map(request => runEmit(request, 'numpy').catch(error => error)));
    const isRefused = (one: unknown) => one instanceof RnnError && one.code === 'E_EMIT';
    expect(written.filter(isRefused).length).toBeLessThan(3);
    const printed = printedByNumpy(written.filter(one => !isRefused(one)).map(({ script }) => script));
    const run = requests.filter((_, i) => !isRefused(written[i]));
    for (const [i, request] of run.entries()) {
      const expected = (await runForward(request)).outputs.flatMap(o => [o.y as never].flat(9)).map(Number);
      const scale = Math.max(1, ...expected.map(Math.abs));
      const off = numbersIn(printed[i]).map((v, k) => Math.abs(v - expected[k]) / scale);
      expect([request.model, off.length, Math.max(...off) < 2e-6]).toEqual([request.model, expected.length, true]);
    }
  });

  withNumpy('print every output in NumPy, or are refused by name', async () => {
    const scripts = new Map<string, string>();
    for (const name of names) {
      const written = await runEmit(requestOf(name), 'numpy').catch(error => error);
      if (written instanceof RnnError)
        expect([name, written.code, written.exit]).toEqual([name, expect.stringMatching(/E_EMIT|E_INT8/), 3]);
      else scripts.set(name, written.script);
    }
    expect(scripts.size).toBeGreaterThan(25);
    const printed = printedByNumpy([...scripts.values()]);
    for (const [i, name] of [...scripts.keys()].entries()) {
      const { outputs } = await runForward({ ...requestOf(name), dtype: 'f64' });
      const expected = outputs.flatMap(o => (o.y as never[]).flat(9)).map(Number);
      const off = numbersIn(printed[i]).map((v, k) => Math.abs(v - expected[k]));
      expect([name, off.length, Math.max(...off) < 1e-6]).toEqual([name, expected.length, true]);
    }
  });

  // [operator, attributes, operands behind x, the axes of x behind N]
  const whole = (value: unknown) => ({ type: 'int', value });
  const OPERATORS: readonly (readonly [string, object, readonly unknown[], readonly number[]])[] = [
    ...[
      'Abs',
      'Neg',
      'Exp',
      'Sin',
      'Sinh',
      'Atan',
      'Asinh',
      'Sign',
      'Floor',
      'Ceil',
      'Round',
      'Erf',
      'Relu',
      'LeakyRelu',
      'Selu',
      'Celu',
    ].map(op => [op, {}, [], [3, 4]] as const),
    ...['Elu', 'Softplus', 'Softsign', 'HardSigmoid', 'HardSwish', 'Gelu', 'Mish', 'ThresholdedRelu', 'Shrink', 'Swish', 'Sigmoid'].map(
      op => [op, {}, [], [3, 4]] as const,
    ),
    ['LeakyRelu', { alpha: 0.3 }, [], [3]],
    ['Gelu', { approximate: 'tanh' }, [], [3]],
    ['Clip', {}, [-0.25, 0.5], [3, 4]],
    ['PRelu', {}, [[0.1, 0.2, 0.3, 0.4]], [3, 4]],
    ['Mod', {}, [0.3], [4]],
    ['Mod', { fmod: 1 }, [0.3], [4]],
    ['Where', {}, [1, 2], [4]],
    ['Mean', {}, [[1, 2, 3, 4]], [3, 4]],
    ['Softmax', { axis: 1 }, [], [3, 4]],
    ['LogSoftmax', {}, [], [3, 4]],
    ['Hardmax', { axis: 1 }, [], [3, 4]],
    ...[
      'ReduceSum',
      'ReduceMean',
      'ReduceMax',
      'ReduceMin',
      'ReduceProd',
      'ReduceL1',
      'ReduceL2',
      'ReduceSumSquare',
      'ReduceLogSumExp',
    ].flatMap(op => [[op, { keepdims: 0 }, [whole([1, -1])], [3, 4]] as const, [op, {}, [whole([1])], [3, 4]] as const]),
    ['ArgMax', { axis: -1, select_last_index: 1 }, [], [3, 4]],
    ['ArgMin', { axis: 1, keepdims: 0 }, [], [3, 4]],
    ['CumSum', { exclusive: 1, reverse: 1 }, [whole(1)], [3, 4]],
    ['CumProd', { reverse: 1 }, [whole(1)], [3, 4]],
    ['LpNormalization', { p: 1 }, [], [3, 4]],
    ['MeanVarianceNormalization', { axes: [0, 2] }, [], [3, 4]],
    ['LRN', { size: 3, alpha: 0.2 }, [], [5, 4]],
    ['LayerNormalization', { axis: 1, epsilon: 0.01 }, [[[2, 1, 3, 1]], [1, 2, 3, 4]], [1, 4]],
    ['RMSNormalization', { epsilon: 0.01 }, [[2, 1, 3, 1]], [3, 4]],
    [
      'InstanceNormalization',
      {},
      [
        [1, 2, 3],
        [3, 2, 1],
      ],
      [3, 4],
    ],
    [
      'GroupNormalization',
      { num_groups: 2 },
      [
        [1, 2, 3, 4],
        [3, 2, 1, 0],
      ],
      [4, 3],
    ],
    [
      'BatchNormalization',
      {},
      [
        [1, 2],
        [3, 2],
        [0.1, 0.2],
        [2, 3],
      ],
      [2, 3],
    ],
    [
      'Conv',
      { strides: [2], pads: [1, 0], group: 2, dilations: [2] },
      [
        [[[1, 2]], [[-1, 3]], [[0.5, 2]], [[1, 1]]],
        [1, 2, 3, 4],
      ],
      [2, 7],
    ],
    [
      'Conv',
      { auto_pad: 'SAME_UPPER' },
      [
        [
          [
            [
              [1, 2, 3],
              [-1, 3, 1],
            ],
          ],
        ],
      ],
      [1, 4, 5],
    ],
    ['ConvTranspose', { strides: [2], output_padding: [1], pads: [1, 0], group: 2 }, [[[[1, 2, 3]], [[-1, 3, 0.5]]]], [2, 4]],
    ['MaxPool', { kernel_shape: [2], strides: [2], pads: [1, 0], ceil_mode: 1 }, [], [2, 6]],
    ['AveragePool', { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1], ceil_mode: 1 }, [], [2, 5, 4]],
    ['AveragePool', { kernel_shape: [2], pads: [1, 1], count_include_pad: 1 }, [], [2, 5]],
    ['LpPool', { kernel_shape: [2], p: 3 }, [], [2, 5]],
    ...['GlobalMaxPool', 'GlobalAveragePool', 'GlobalLpPool'].map(op => [op, {}, [], [2, 5, 3]] as const),
    ['DepthToSpace', { blocksize: 2, mode: 'CRD' }, [], [8, 2, 3]],
    ['DepthToSpace', { blocksize: 2 }, [], [8, 2, 3]],
    ['SpaceToDepth', { blocksize: 2 }, [], [2, 4, 6]],
    ['Resize', { mode: 'linear', axes: [2] }, [[], [], whole([5])], [2, 3]],
    ['Resize', { mode: 'nearest', axes: [2] }, [[], [2]], [2, 3]],
    ['Slice', {}, [whole([-1]), whole([-5]), whole([2]), whole([-2])], [3, 4]],
    [
      'Gather',
      { axis: 2 },
      [
        whole([
          [0, -1],
          [1, 1],
        ]),
      ],
      [3, 4],
    ],
    [
      'GatherElements',
      { axis: 2 },
      [
        whole([
          [
            [0, -1],
            [1, 1],
          ],
          [
            [2, 1],
            [0, 0],
          ],
        ]),
      ],
      [3, 4],
    ],
    ['GatherND', { batch_dims: 1 }, [whole([[1], [-1]])], [3, 4]],
    [
      'ScatterND',
      { reduction: 'add' },
      [
        whole([
          [0, 1],
          [1, 2],
        ]),
        [
          [1, 2, 3, 4],
          [5, 6, 7, 8],
        ],
      ],
      [3, 4],
    ],
    ['ScatterElements', { axis: 1 }, [whole([[[2, -1]]]), [[[5, 6]]]], [3, 4]],
    ['ReverseSequence', { time_axis: 1, batch_axis: 0 }, [whole([3, 2])], [4, 2]],
    ['Flatten', { axis: 2 }, [], [3, 4]],
    ['Expand', {}, [whole([2, 3, 4])], [1, 4]],
    ['Tile', {}, [whole([1, 2, 3])], [3, 4]],
    ['Pad', {}, [whole([0, 2, -1, 0, -1, 3]), 7], [3, 4]],
    ...['reflect', 'edge', 'wrap'].map(mode => ['Pad', { mode }, [whole([0, 2, 1, 0, 1, 0])], [3, 4]] as const),
    ['Trilu', { upper: 0 }, [whole(1)], [3, 4]],
    ['TopK', { axis: 1, largest: 0 }, [whole([2])], [3, 4]],
    [
      'Gemm',
      { alpha: 0.5, beta: 2, transB: 1 },
      [
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        [1, 2],
      ],
      [3],
    ],
    [
      'Einsum',
      { equation: 'ntd,kd->ntk' },
      [
        [
          [1, 2, 3, 4],
          [4, 3, 2, 1],
        ],
      ],
      [3, 4],
    ],
  ];

  withNumpy('print what each operator gives in NumPy', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-'));
    const requests = OPERATORS.map(([op, attributes, operands, shape], i): ForwardRequest => {
      const model = join(folder, `${i}.json`);
      const layer = { kind: 'op', op, attributes, operands: [null, ...operands], inputs: ['x'] };
      writeFileSync(model, JSON.stringify({ input: { name: 'x', shape }, layers: [layer] }));
      return { model, N: 2, dtype: 'f64' };
    });
    await expectSameInNumpy(requests);
    rmSync(folder, { recursive: true });
  });

  const DECODER = {
    input: { timesteps: 6, features: 3 },
    layers: [
      { kind: 'lstm', name: 'a', units: 4, bidirectional: 'concat' },
      {
        kind: 'lstm',
        name: 'b',
        units: 4,
        bidirectional: 'concat',
        inputs: ['input'],
        states: ['a/forward/h', 'a/forward/c', 'a/backward/h', 'a/backward/c'],
        returnSequences: true,
      },
    ],
  };
  const TWICE = {
    input: { timesteps: 6, features: 3 },
    layers: [
      { kind: 'dense', name: 'd', units: 3 },
      { kind: 'dense', name: 'e', units: 3, shares: 'd' },
    ],
  };
  const TWO_INPUTS = {
    inputs: [
      { name: 'x', timesteps: 6, features: 3 },
      { name: 'z', timesteps: 5, features: 4 },
    ],
    layers: [
      { kind: 'gru', name: 'a', units: 4, inputs: ['x'] },
      { kind: 'gru', name: 'b', units: 4, inputs: ['z'] },
      { kind: 'add', name: 'c', inputs: ['a', 'b'] },
    ],
  };

  withNumpy('carry their numbers: a script of seeds draws one layer after the other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-emit-'));
    const requests = [DECODER, TWICE, TWO_INPUTS].map((network, i): ForwardRequest => {
      const model = join(folder, `${i}.json`);
      writeFileSync(model, JSON.stringify(network));
      return { model, N: 2, framework: 'torch' };
    });
    for (const [target, rng] of [
      ['numpy', 'pcg64'],
      ['torch', 'torch'],
      ['keras', 'keras'],
    ] as const)
      for (const request of requests) expect((await runEmit({ ...request, rng }, target)).script).toContain('base64');
    await expectSameInNumpy(requests.map(request => ({ ...request, rng: 'pcg64' })));
    const { script } = await runEmit(requests[0], 'torch');
    expect(script).toMatch(/v1, v1_forward_h, v1_forward_c, v1_backward_h, v1_backward_c = run_from\(/);
    expect(script).toMatch(/v2 = run_from\(.*, x, True, v1_forward_h, v1_forward_c, v1_backward_h, v1_backward_c\)\[0\]/);
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['encdec', ['x1 = ', 'x2 = ', 'initial_state=[v1_h, v1_c]', 'flat(run(']],
    ['mha', ['run(keras.layers.MultiHeadAttention(']],
    ['mask_kwarg_pool', ['keras.layers.Masking(mask_value=0)']],
    ['live_mask_beside_states', ['mask=keras.ops.cast(', 'initial_state=[']],
    ['multi_out', ['y = [keras.ops.convert_to_numpy(']],
  ])('%s is written with the layers of Keras', async (name, parts) => {
    const { script } = await runEmit(requestOf(name), 'keras');
    for (const part of parts) expect(script).toContain(part);
  });

  withNumpy('a branch without a mask leaves none where it joins one that has it', () => expectSameInNumpy([requestOf('mask_kwarg_pool')]));

  withNumpy('a maximum takes the other input where one is masked, and a Dot hands no mask on', () =>
    expectSameInNumpy([requestOf('live_masked_maximum_dot')]),
  );

  withNumpy('attention of every kind prints its y, with the masks that Keras gives it', () =>
    expectSameInNumpy(
      [
        ...[
          'attention',
          'attention_axes',
          'attention_part_masks',
          'attention_scores',
          'gqa_key_mask',
          'grouped_part_masks',
          'mha',
          'mha_blocks_masked',
        ],
      ].map(requestOf),
    ),
  );

  const embedded = { kind: 'embedding', name: 'e', tokens: 4, units: 3, maskZero: true };
  const writeMasked = (name: string, ...layers: object[]) =>
    branches.write(
      `${name}.json`,
      JSON.stringify({ schema: 'rnn-cli/spec@2', input: { timesteps: 5, features: null }, layers: [embedded, ...layers] }),
    );

  withNumpy('attention behind padding leaves it out, of the query and of the values', () => {
    const lstm = { kind: 'lstm', name: 'h', units: 3, inputs: ['e'], returnSequences: true };
    const pooled = { kind: 'avgpool', name: 'p', inputs: ['a'], useMask: true };
    const kinds = [
      { kind: 'attention', useScale: true },
      { kind: 'attention', score: 'concat', causal: true },
      { kind: 'additiveattention' },
      { kind: 'multiheadattention', heads: 2, units: 2, valueUnits: 4, useGate: true, slidingWindow: 2 },
      { kind: 'multiheadattention', heads: 4, keyHeads: 2, units: 2, causal: true, dropout: 0.5 },
    ];
    return expectSameInNumpy(
      kinds.map((attending, i) => {
        const model = writeMasked(`attention_${i}`, lstm, { ...attending, name: 'a', inputs: ['h', 'e'] }, pooled);
        return { model, N: 3, seed: String(i), init: 'standard_normal' };
      }),
    );
  });

  it('of masked steps are refused where masks are not written', async () => {
    const ways = { forward: { kind: 'gru', units: 2 }, backward: { kind: 'rnn', units: 3, goBackwards: true }, merge: 'concat' };
    const model = writeMasked('ways', { kind: 'bidirectional', name: 'a', inputs: ['e'], ...ways });
    for (const target of ['numpy', 'torch'] as const)
      await expect(runEmit({ model, N: 2 }, target)).rejects.toMatchObject({
        code: 'E_EMIT',
        message: expect.stringContaining('padding before bidirectional'),
      });
  });
});

describe('--emit numpy, where branches meet', () => {
  withNumpy('joins branches as the merge layers do, of as many axes or fewer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-emit-'));
    const requests = ['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum', 'concatenate'].flatMap((kind): ForwardRequest[] => {
      const layers = (others: string[]) => [
        { kind: 'lstm', name: 'a', units: 4, inputs: ['input'], returnSequences: true },
        { kind: 'gru', name: 'b', units: 4, inputs: ['input'], returnSequences: true },
        { kind: 'rnn', name: 'c', units: 4, inputs: ['input'] },
        { kind, name: 'd', inputs: others },
      ];
      // of two, of one that lacks the steps, of three
      const two = ['subtract'].includes(kind) ? [] : [['b', 'a', 'b']];
      const fewer = kind === 'concatenate' ? [] : [['a', 'c']];
      return [['a', 'b'], ...fewer, ...two].map((others, i) => {
        const model = join(folder, `${kind}${i}.json`);
        writeFileSync(model, JSON.stringify({ input: { timesteps: 3, features: 2 }, layers: layers(others) }));
        return { model, N: 2, framework: 'torch' };
      });
    });
    const printed = printedByNumpy(await Promise.all(requests.map(async request => (await runEmit(request, 'numpy')).script)));
    for (const [i, request] of requests.entries()) {
      const expected = [...(await runForward(request)).tensors.y.data];
      const off = numbersIn(printed[i]).map((v, k) => Math.abs(v - expected[k]));
      expect([request.model, off.length, Math.max(...off) < 2e-6]).toEqual([request.model, expected.length, true]);
    }
    rmSync(folder, { recursive: true });
  });
});

it('an axis that is turned round is flipped, and constants are tensors: not every backend of Keras takes a step of -1, or NumPy beside a tensor', async () => {
  const ends = { type: 'int', value: [-(2 ** 31)] };
  const turned = {
    kind: 'op',
    op: 'Slice',
    operands: [null, { type: 'int', value: [-1] }, ends, { type: 'int', value: [1] }, { type: 'int', value: [-1] }],
  };
  const layers = [turned, { kind: 'op', op: 'MatMul', operands: [null, [[1], [2]]] }, { kind: 'rnn', units: 2 }];
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-emit-'));
  const model = join(folder, 'net.json');
  writeFileSync(model, JSON.stringify({ schema: 'rnn-cli/spec@2', input: { timesteps: 4, features: 2 }, layers }));
  const [keras, torch] = await Promise.all((['keras', 'torch'] as const).map(async to => (await runEmit({ model }, to)).script));
  rmSync(folder, { recursive: true });
  expect(keras).toContain('keras.ops.flip(x, (1,))');
  expect(keras).toMatch(/keras\.ops\.matmul\(v1, keras\.ops\.convert_to_tensor\(np\.array\(\[1\.0, 2\.0\]/);
  expect(torch).toContain('torch.flip(x, (1,))');
});

it('masks and scores that attention is called for are in a script for Keras', async () => {
  const tensor = (name: string, ...shape: number[]) => ({
    class_name: '__keras_tensor__',
    config: { shape: [null, ...shape], dtype: 'float32', keras_history: [name, 0, 0] },
  });
  const [x, p] = [tensor('x', 4, 5), tensor('p', 4, 4)];
  const layers = [
    { class_name: 'InputLayer', name: 'x', config: { name: 'x', batch_shape: [null, 4, 5] }, inbound_nodes: [] },
    { class_name: 'InputLayer', name: 'p', config: { name: 'p', batch_shape: [null, 4, 4] }, inbound_nodes: [] },
    {
      class_name: 'Attention',
      name: 'a',
      config: { name: 'a' },
      inbound_nodes: [{ args: [[x, x]], kwargs: { mask: [null, p], return_attention_scores: true } }],
    },
  ];
  const config = {
    name: 'm',
    layers,
    input_layers: [
      ['x', 0, 0],
      ['p', 0, 0],
    ],
    output_layers: [
      ['a', 0, 0],
      ['a', 0, 1],
    ],
  };
  const folder = mkdtempSync(join(tmpdir(), 'emit-'));
  writeFileSync(join(folder, 'm.json'), JSON.stringify({ class_name: 'Functional', config }));
  const { script } = await runEmit({ model: join(folder, 'm.json') }, 'keras');
  rmSync(folder, { recursive: true });
  expect(script).toContain('([x1, x1], mask=[None, keras.ops.cast(x2, "bool")], return_attention_scores=True)');
});

it('states of a ConvLSTM are asked for, and a mask that is an input is compared with 0', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'emit-'));
  const script = async (name: string, spec: object, to: 'keras' | 'torch') => {
    const model = join(folder, `${name}.json`);
    writeFileSync(model, JSON.stringify({ schema: 'rnn-cli/spec@2', ...spec }));
    return (await runEmit({ model }, to)).script;
  };
  const cell = { kind: 'convlstm1d', filters: 2, kernelSize: [3], padding: 'same' };
  const inputs = [{ name: 'x', shape: [3, 5, 1] }];
  const decoder = { ...cell, name: 'b', inputs: ['x'], states: ['a/h', 'a/c'] };
  const states = await script('states', { inputs, layers: [{ ...cell, name: 'a', inputs: ['x'] }, decoder] }, 'keras');
  expect(states).toMatch(/v1, v1_h, v1_c = flat\(run\(keras\.layers\.ConvLSTM1D\(.*return_state=True\), \[/);
  const masked = { kind: 'lstm', name: 'a', units: 4, inputs: ['x'], mask: 'm', returnSequences: true };
  const given = [
    { name: 'x', timesteps: 5, features: 3 },
    { name: 'm', shape: [5] },
  ];
  expect(await script('mask', { inputs: given, layers: [masked] }, 'torch')).toContain('x1, (x2 != 0), ');
  rmSync(folder, { recursive: true });
});
