import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkHints } from '../../src/conventions/convention.js';
import { torch } from '../../src/conventions/torch/torch.js';
import type { FileTensor } from '../../src/formats/format.js';
import type { Plain, TorchModule } from '../../src/formats/torch/module.js';
import { checkSpec } from '../../src/model/check.js';
import { layersText } from '../../src/model/layersLine.js';
import { parseLayers } from '../../src/model/parse.js';
import { inferShapes } from '../../src/model/shapes.js';
import { readArray } from '../../src/run/input/input.js';
import { bytesOf } from '../helpers/files.js';
import { withFolder } from '../helpers/inputFile.js';
import { referencePath } from '../helpers/reference.js';
import { runCli } from '../helpers/runCli.js';

/**
 * Every way people save PyTorch networks, with the output of the module: y is right, or asked for, or another one where the fact that the
 * file leaves open is said to be assumed. Never another one in silence.
 */
interface Case {
  readonly name: string;
  readonly file: string;
  readonly x: string;
  readonly y: string;
  readonly extra: readonly string[];
  /** facts that the file does not say */
  readonly open?: readonly string[];
  /** flags that say them */
  readonly complete?: readonly string[];
}

const CASES: readonly Case[] = JSON.parse(readFileSync(referencePath('torch_saved', 'index.json'), 'utf8')).cases;

/** What is not simply right. */
const OTHERWISE: Readonly<Record<string, string>> = {
  params_list: 'asked E_ASK, then equal',
  script: 'asked E_PT_TORCHSCRIPT',
  trace: 'asked E_PT_TORCHSCRIPT',
  dynq_sd: 'other, said precision',
  dynq_whole: 'other, said precision',
  dynq_fc: 'other, said precision',
  rmsnorm: 'asked E_ASK, then equal',
  dynq_script: 'asked E_PT_TORCHSCRIPT',
  frozen: 'asked E_PT_TORCHSCRIPT',
  a_rnn_relu: 'other, said nonlinearity',
  a_bi2: 'other, said step',
  a_gru_bi3: 'other, said step',
  a_mlp_relu: 'asked E_ASK, then equal',
  a_mlp_seq: 'asked E_ASK, then equal',
  a_fcamb: 'asked E_ASK, then equal',
  a_heads: 'asked E_ASK, then equal',
  a_att: 'asked E_ASK',
  a_mha: 'asked E_ASK',
  a_parallel: 'asked E_ASK',
  a_tutorial: 'asked E_NAMES',
  a_s2s: 'other, said wiring',
  a_nohead: 'other, said shape',
  ema: 'other, said copy',
  a_conv: 'asked E_ASK, then equal',
  a_learned_h0: 'other, said state',
};

const path = (name: string) => referencePath('torch_saved', name);

async function answer({ file, x, y, extra, open = [], complete }: Case): Promise<string> {
  const call = ['forward', '--weights', path(file), '--framework', 'torch', '-i', path(x), '--json', ...extra];
  const ran = await runCli(call);
  if (ran.exit === 0) return verdict(ran.stdout, y, open);
  const { code } = JSON.parse(ran.stderr);
  if (!complete) return `asked ${code}`;
  return `asked ${code}, then ${await verdict((await runCli([...call, ...complete])).stdout, y, [])}`;
}

async function verdict(stdout: string, y: string, open: readonly string[]): Promise<string> {
  const { tensor } = await readArray(path(y), []);
  const document = JSON.parse(stdout);
  const found = (document.y as unknown[]).flat(Number.POSITIVE_INFINITY) as number[];
  const scale = Math.max(...Array.from(tensor.data, Math.abs));
  const equal = found.length === tensor.data.length && found.every((v, i) => Math.abs(v - tensor.data[i]) <= 3e-6 * scale);
  if (equal) return 'equal';
  const said = open.find(fact => document.assumptions.some((a: { fact: string }) => a.fact === fact));
  return said ? `other, said ${said}` : 'WRONG';
}

it.each(CASES)('$name: $file', async one => {
  expect(await answer(one)).toBe(OTHERWISE[one.name] ?? 'equal');
});

/** Networks that are no chain: a spec wires the modules, `tensors` says which is which. */
const WIRED: Readonly<Record<string, readonly object[]>> = {
  a_parallel: [
    { kind: 'lstm', name: 'second', inputs: ['input'], units: 3, tensors: 'lstm2' },
    { kind: 'lstm', name: 'first', inputs: ['input'], units: 3, tensors: 'lstm1' },
    { kind: 'concatenate', name: 'both', inputs: ['first', 'second'] },
    { kind: 'dense', name: 'head', units: 2, tensors: 'fc' },
  ],
  a_att: [
    { kind: 'lstm', units: 5, returnSequences: true, name: 'cell' },
    { kind: 'dense', units: 1, tensors: 'attention', name: 'scores' },
    { kind: 'op', op: 'Softmax', name: 'shares', attributes: { axis: 1 } },
    { kind: 'multiply', name: 'weighed', inputs: ['cell', 'shares'] },
    { kind: 'op', op: 'ReduceSum', attributes: { keepdims: 0 }, operands: [null, { type: 'int', value: [1] }] },
    { kind: 'dense', units: 2, tensors: 'fc', name: 'y' },
  ],
};

it.each(Object.entries(WIRED))('%s: a spec wires its modules by their names', async (name, layers) => {
  const spec = JSON.stringify({ framework: 'torch', input: { features: 3 }, layers });
  const one = CASES.find(c => c.name === name)!;
  await withFolder(async folder => {
    const model = join(folder, 'spec.json');
    const call = ['forward', '--model', model, '--weights', path(one.file), '-i', path(one.x), '--json'];
    writeFileSync(model, spec);
    expect(await verdict((await runCli(call)).stdout, one.y, [])).toBe('equal');
    writeFileSync(model, spec.replace('"tensors":"fc"', '"tensors":"gone"'));
    const { code, message } = JSON.parse((await runCli(call)).stderr);
    expect([code, message]).toEqual(['E_WEIGHT_MISSING', 'the module gone is missing']);
  });
});

describe('inspect', () => {
  const inspect = async (file: string) => JSON.parse((await runCli(['inspect', path(file), '--json'])).stdout);

  it('opens every one of them', async () => {
    for (const { file } of CASES) expect([file, (await inspect(file)).totals.tensors > 0]).toEqual([file, true]);
  });

  it('prints the line of what would be run, which says everything', async () => {
    expect((await inspect('sd.pt')).layersLine).toBe('lstm:5,dense:2');
    expect((await inspect('a_bi2.pt')).layersLine).toBe('bilstm:5+seq,bilstm:5,dense:2');
    expect((await inspect('a_mlp_relu.pt')).layersLine).toBe('lstm:8,dense:6@_,dense:2');
    expect((await inspect('whole_sequential.pt')).layersLine).toBe('rnn:5@relu,dense:6@relu,dense:2');
    const strict = ['forward', '--weights', path('sd.pt'), '-i', path('x_sd.npy'), '--strict'];
    expect(await runCli(strict)).toMatchObject({ exit: 3, stderr: expect.stringContaining('[E_ASSUMED]') });
    expect((await runCli([...strict, '--layers', 'lstm:5,dense:2'])).exit).toBe(0);
  });

  it('what the line of a question takes beside is said with it', async () => {
    const { stderr } = await runCli(['forward', '--weights', path('a_mlp_relu.pt'), '-i', path('x_sd.npy')]);
    expect(stderr).toContain('which also says: fc1 reads the last step of lstm; no activation after fc2');
  });

  it('shows what stands beside the weights', async () => {
    expect((await inspect('ckpt_namespace.pt')).notes).toEqual(['kept as records, not loaded: argparse.Namespace']);
    const { skipped } = await inspect('ckpt_opt.pt');
    expect(skipped).toHaveLength(18);
    expect(skipped[0]).toBe('optimizer_state_dict.state.0.step');
  });
});

it('--layers says the network of a file of weights to inspect and convert', async () => {
  const file = path('a_mlp_relu.pt');
  const { network, reason } = JSON.parse((await runCli(['inspect', file, '--layers', 'lstm:8,dense:6@relu,dense:2', '--json'])).stdout);
  expect([network.totals.params, reason]).toEqual([484, null]);
  expect((await runCli(['inspect', file, '--layers', 'lstm:8,dense:6@_,dense:2'])).exit).toBe(2);
  expect(JSON.parse((await runCli(['inspect', file, '--layers', 'lstm:7,dense:2', '--json'])).stdout)).toMatchObject({ network: null });
  await withFolder(async folder => {
    const call = ['convert', file, join(folder, 'o.onnx'), '--layers', 'lstm:8,dense:6@relu,dense:2', '--json'];
    expect(JSON.parse((await runCli(call)).stdout).check.identical).toBe(true);
    expect((await runCli([...call, '--weights', file, '--force'])).exit).toBe(2);
  });
});

/** Names as public projects save them. */
const lstm = (prefix: string, D: number, M: number) => ({
  [`${prefix}weight_ih_l0`]: [4 * M, D],
  [`${prefix}weight_hh_l0`]: [4 * M, M],
  [`${prefix}bias_ih_l0`]: [4 * M],
  [`${prefix}bias_hh_l0`]: [4 * M],
});

function saved(shapes: Readonly<Record<string, readonly number[]>>, counters: readonly string[] = []): Map<string, FileTensor> {
  const named = Object.entries(shapes).map(([name, shape], i): [string, FileTensor] => {
    const size = shape.reduce((a, b) => a * b, 1);
    return [name, { shape, dtype: 'f32', data: Float32Array.from({ length: size }, (_, k) => Math.sin(i + 1.7 * k)) }];
  });
  const counts = counters.map((name): [string, FileTensor] => [name, { shape: [], dtype: 'i64', data: Float64Array.of(3) }]);
  return new Map([...counts, ...named]);
}

const hints = { task: 'many-to-one', pool: 'last', timesteps: null } as const;
const read = (tensors: Map<string, FileTensor>) => torch.toSpec!(tensors, hints);
const kindsIn = (tensors: Map<string, FileTensor>) => read(tensors).layers.map(l => (l as { kind: string }).kind);

it('a counter beside the weights, as AveragedModel has one, is no weight', () => {
  expect(kindsIn(saved({ ...lstm('module.rnn.', 3, 5), 'module.fc.weight': [2, 5], 'module.fc.bias': [2] }, ['n_averaged']))).toEqual([
    'lstm',
    'dense',
  ]);
});

it('weight dropout runs with its raw weights, with the module around or beside', () => {
  const { 'module.weight_hh_l0': stale, ...rest } = lstm('module.', 3, 5);
  for (const shapes of [
    { ...rest, 'module.weight_hh_l0_raw': stale },
    { ...rest, 'module.weight_hh_l0': stale, weight_hh_l0_raw: stale },
  ]) {
    const tensors = saved(shapes);
    const [raw] = [...tensors].filter(([name]) => name.endsWith('_raw')).map(([, t]) => t);
    const model = checkSpec({ input: { features: 3 }, layers: read(tensors).layers }, 'torch');
    const found = torch.toWeights(inferShapes(model), tensors).get(`${model.layers[0].name}/Wh`)!;
    // gates i f g o in both, [4M, M] as [M, 4M]
    expect(found.data[1 * 20 + 7]).toBe(raw!.data[7 * 5 + 1]);
  }
});

it('where two modules have one shape, the other order is said by their names', () => {
  const tensors = saved({ ...lstm('a.', 5, 5), ...lstm('b.', 5, 5), 'fc.weight': [2, 5], 'fc.bias': [2] });
  const [order] = read(tensors).assumptions!.filter(({ fact }) => fact === 'order');
  expect(order.say).toBe('--layers "lstm:5+seq+name=b,lstm:5+name=a,dense:2+name=fc"');
});

it('a parameter of no known module: the recurrent module is offered alone, and by its name runs with all its layers', () => {
  const deep = {
    ...lstm('rnn.', 3, 5),
    ...Object.fromEntries(Object.entries(lstm('rnn.', 5, 5)).map(([n, s]) => [n.replace('l0', 'l1'), s])),
  };
  const tensors = saved({ ...deep, 'crf.transitions': [4, 4] });
  const line = 'lstm:5+seq+name=rnn,lstm:5';
  expect(() => read(tensors)).toThrow(
    expect.objectContaining({ code: 'E_UNDETERMINED', fix: expect.stringContaining(`--layers "${line}"`) }),
  );
  const layers = [
    { kind: 'lstm', units: 5, returnSequences: true, name: 'rnn', twoBiases: true },
    { kind: 'lstm', units: 5, twoBiases: true },
  ];
  const model = checkSpec({ input: { features: 3 }, layers }, 'torch');
  expect(torch.toWeights(inferShapes(model), tensors).size).toBe(6);
});

it('what is unknown and no module of its own may be unneeded: the chain of the others is offered by their names, and runs', () => {
  const tensors = saved({ ...lstm('rnn.', 3, 5), 'fc.weight': [2, 5], 'fc.bias': [2], 'x_mean\u0007': [3] });
  const line = 'lstm:5+name=rnn,dense:2+name=fc';
  const fix = `if y is computed without it, by rnn, fc: --layers "${line}", which also says: fc reads the last step of rnn; no activation before or after fc`;
  expect(() => read(tensors)).toThrow(expect.objectContaining({ code: 'E_UNDETERMINED', fix: expect.stringContaining(fix) }));
  const layers = [
    { kind: 'lstm', units: 5, name: 'rnn', twoBiases: true },
    { kind: 'dense', units: 2, name: 'fc' },
  ];
  const model = checkSpec({ input: { features: 3 }, layers }, 'torch');
  expect(torch.toWeights(inferShapes(model), tensors).size).toBe(5);
});

it('of a module with a tensor that PyTorch has not, that tensor is named, and what parametrizes a weight', () => {
  const rest = { ...lstm('rnn.', 3, 5), 'fc.bias': [2] };
  expect(() => read(saved({ ...rest, 'fc.weight_orig': [2, 5] }))).toThrow("'fc.weight_orig' is not a weight");
  const made = { 'fc.parametrizations.weight.original': [2, 5], 'fc.parametrizations.weight.0.base': [2, 2] };
  expect(() => read(saved({ ...rest, ...made }))).toThrow(
    expect.objectContaining({
      message: "'fc.parametrizations.weight.original' becomes a weight by code that is not in the file",
      fix: expect.stringContaining('remove_parametrizations(module, "weight")'),
    }),
  );
});

it('the only order that fits is said where it is not that of construction: the modules may be no chain', () => {
  const orders = (shapes: Readonly<Record<string, readonly number[]>>) =>
    read(saved(shapes)).assumptions!.filter(({ fact }) => fact === 'order');
  const [gru, before, after] = [
    lstm('rnn.', 5, 5),
    { 'concat.weight': [5, 10], 'concat.bias': [5] },
    { 'out.weight': [9, 5], 'out.bias': [9] },
  ];
  expect(orders({ ...gru, ...before, ...after })).toEqual([
    expect.objectContaining({ what: 'the modules are used in the order concat, rnn, out', say: null }),
  ]);
  expect(orders({ ...before, ...gru, ...after })).toEqual([]);
});

/** A whole module as a file has it: classes by their names, and the attributes that count. */
const moduleOf = (className: string, children: Record<string, TorchModule> = {}, attributes: Record<string, Plain> = {}): TorchModule => ({
  className,
  attributes: new Map(Object.entries(attributes)),
  children: new Map(Object.entries(children)),
});
const LSTM = moduleOf('torch.nn.modules.rnn.LSTM');
const LINEAR = moduleOf('torch.nn.modules.linear.Linear');

describe('a whole module', () => {
  const tensors = saved({ ...lstm('rnn.', 3, 5), 'mid.weight': [5], 'mid.bias': [5], 'fc.weight': [2, 5], 'fc.bias': [2] });
  const withMid = (mid: TorchModule, rnn = LSTM) =>
    torch.toSpec!(tensors, { ...hints, module: moduleOf('__main__.Net', { rnn, mid, fc: LINEAR }) });

  it.each([
    ['torch.nn.modules.instancenorm.InstanceNorm1d', 'the module InstanceNorm1d of mid is not supported'],
    ['__main__.Scale', 'mid has the custom class __main__.Scale, whose code is not in the file'],
    ['torchaudio.nn.LayerNorm', 'mid has the custom class torchaudio.nn.LayerNorm, whose code is not in the file'],
  ])('%s has the tensors of a LayerNorm and is none', (className, message) => {
    expect(() => withMid(moduleOf(className))).toThrow(expect.objectContaining({ code: 'E_TORCH_MODULE', message }));
  });

  it('a cell of a class of its own may be written as what it computes', () => {
    const norm = moduleOf('torch.nn.modules.normalization.LayerNorm', {}, { eps: 1e-5 });
    expect(withMid(norm).layers.map(({ kind }) => kind)).toEqual(['lstm', 'layernorm', 'dense']);
    expect(() => withMid(norm, moduleOf('nets.MyLSTM'))).toThrow(
      expect.objectContaining({ fix: expect.stringContaining(`does: --layers "lstm:5,layernorm,dense:2"; or`) }),
    );
  });

  it('what computes without tensors, and stands in no Sequential, is said not to be run', () => {
    const parts = {
      rnn: LSTM,
      drop: moduleOf('torch.nn.modules.dropout.Dropout'),
      sig: moduleOf('torch.nn.modules.activation.Sigmoid'),
      mid: moduleOf('torch.nn.modules.normalization.LayerNorm', {}, { eps: 1e-5 }),
      criterion: moduleOf('torch.nn.modules.loss.BCELoss'),
      fc: LINEAR,
    };
    const said = torch.toSpec!(tensors, { ...hints, module: moduleOf('__main__.Net', parts) }).assumptions!;
    expect(said.filter(({ fact }) => fact === 'wiring').map(({ what }) => what)).toEqual([
      'sig (Sigmoid) is not run: where, only the code says',
    ]);
  });

  it('x whose steps a module reads first is said to be [N, T, D], unless --time-major says otherwise or x is drawn', () => {
    const axes = (batchFirst: boolean, more: Partial<NetworkHints>) => {
      const rnn = moduleOf('torch.nn.modules.rnn.LSTM', {}, { batch_first: batchFirst });
      const mid = moduleOf('torch.nn.modules.normalization.LayerNorm', {}, { eps: 1e-5 });
      const module = moduleOf('__main__.Net', { rnn, mid, fc: LINEAR });
      const { assumptions } = torch.toSpec!(tensors, { ...hints, module, ...more });
      return assumptions!.filter(({ fact }) => fact === 'x').map(({ what, say }) => `${what}: ${say}`);
    };
    expect(axes(false, { ownInput: true })).toEqual([
      'x is [N, T, D], and is made [T, N, D] for rnn, which has batch_first=False: --time-major',
    ]);
    expect(axes(true, { ownInput: true })).toEqual([]);
    expect(axes(false, {})).toEqual([]);
    expect(axes(false, { ownInput: true, said: new Set(['timeMajor']) })).toEqual([]);
  });

  it('the function of a Linear in a Sequential is not said to be missing, with its parameter', () => {
    const chain = saved({ ...lstm('0.', 3, 5), '1.weight': [2, 5], '1.bias': [2] });
    const leaky = moduleOf('torch.nn.modules.activation.LeakyReLU', {}, { negative_slope: 0.3 });
    const root = moduleOf('torch.nn.modules.container.Sequential', { 0: LSTM, 1: LINEAR, 2: leaky });
    const { layers, assumptions } = torch.toSpec!(chain, { ...hints, module: root });
    expect(layers[1].activation).toEqual({ name: 'leaky_relu', negative_slope: 0.3 });
    expect(assumptions!.map(({ fact }) => fact)).toEqual(['step']);
    expect(checkSpec({ input: { features: 3 }, layers }, 'torch').layers).toHaveLength(2);
  });

  it.each([
    ['Softmax', 1, 2, 'softmax'],
    ['Softmax', 1, 3, undefined],
    ['LogSoftmax', 2, 3, 'log_softmax'],
    ['LogSoftmax', 2, 2, undefined],
    ['Softmax', -1, 3, 'softmax'],
    ['Softmax', 0, 2, undefined],
    ['Softmax', null, 2, 'softmax'],
    ['Softmax', null, 3, undefined],
  ])('%s(dim=%s) of %s axes behind a Linear is %s', (name, dim, axes, function_) => {
    const chain = saved({ ...lstm('0.', 3, 5), '1.weight': [2, 5], '1.bias': [2] });
    const module = moduleOf(`torch.nn.modules.activation.${name}`, {}, { dim });
    const root = moduleOf('torch.nn.modules.container.Sequential', { 0: LSTM, 1: LINEAR, 2: module });
    const read = () => torch.toSpec!(chain, { ...hints, module: root, task: axes === 3 ? 'many-to-many' : 'many-to-one' });
    if (function_) expect(read().layers[1].activation).toBe(function_);
    else expect(read).toThrow(expect.objectContaining({ code: 'E_TORCH_MODULE' }));
  });

  it('a Linear before a recurrent module reads every step', () => {
    const chain = saved({ '0.weight': [4, 3], '0.bias': [4], ...lstm('rnn.', 4, 5) });
    const readWith = (dim: number) => {
      const softmax = moduleOf('torch.nn.modules.activation.Softmax', {}, { dim });
      const first = moduleOf('torch.nn.modules.container.Sequential', { 0: LINEAR, 1: softmax });
      const tensors = new Map([...chain].map(([key, t]) => [key.replace(/^0\./, 'first.0.'), t]));
      return () => torch.toSpec!(tensors, { ...hints, module: moduleOf('__main__.Net', { first, rnn: LSTM }) });
    };
    expect(readWith(2)().layers[0].activation).toBe('softmax');
    expect(readWith(1)).toThrow(expect.objectContaining({ code: 'E_TORCH_MODULE' }));
  });
});

it('the line that is printed holds the epsilon of a normalisation, and whether it has γ and β', () => {
  const line = 'lstm:5+seq,layernorm+eps=0.1,batchnorm+eps=0.02+noscale+nobias,groupnorm:5+nobias,rmsnorm+eps=1e-9,dense:2';
  const { layers } = parseLayers(line);
  expect(layers.map(layer => [layer.epsilon, layer.scale, layer.center].filter(v => v !== undefined))).toEqual([
    [],
    [0.1],
    [0.02, false, false],
    [false],
    [1e-9],
    [],
  ]);
  expect(layersText(layers, 'torch')).toBe(line);
  // PyTorch's own epsilon is 1e-5
  expect(layersText(parseLayers('layernorm+eps=0.00001').layers, 'torch')).toBe('layernorm');
  expect(() => parseLayers('layernorm+eps=-1')).toThrow(expect.objectContaining({ code: 'E_LAYERS' }));
  expect(() => parseLayers('lstm:2+eps=1')).toThrow(expect.objectContaining({ fix: 'drop +eps=1' }));
});

it('a vector without a bias is an RMSNorm, a PReLU or a LayerNorm: that is asked, and an RMSNorm can be said', () => {
  const tensors = saved({ ...lstm('rnn.', 3, 5), 'mid.weight': [5], 'fc.weight': [2, 5], 'fc.bias': [2] });
  expect(() => read(tensors)).toThrow(expect.objectContaining({ code: 'E_ASK', layersLine: 'lstm:5+name=rnn,_,dense:2+name=fc' }));
});

it('weights of layers that are not known are no array to give as an input', async () => {
  await withFolder(async folder => {
    const path = join(folder, 'char.npz');
    writeFileSync(path, await bytesOf('npz', Object.fromEntries(saved({ 'i2h.weight': [5, 8], 'i2h.bias': [5] }))));
    expect(JSON.parse((await runCli(['forward', path, '--json'])).stderr)).toMatchObject({ code: 'E_NAMES', exit: 3 });
  });
});
