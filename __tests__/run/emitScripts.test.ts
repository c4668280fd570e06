import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { activations } from '../../src/activations/index.js';
import type { RnnError } from '../../src/errors.js';
import { runEmit } from '../../src/run/forward.js';
import type { ForwardRequest } from '../../src/run/request.js';
import { sizeOf, type Tensor } from '../../src/tensor/tensor.js';
import { DRAWN } from '../helpers/drawnNetworks.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { cat } from '../helpers/hostile/bytes.js';
import { int, part } from '../helpers/protobufBytes.js';

/**
 * The scripts themselves, without their numbers, in emitScripts.txt; that they print y is tested by emit.test.ts and npm run live:emit. A function that
 * stands further up in that file is not repeated. Refreshed by UPDATE_OUT=1 npx jest run/emitScripts.
 */
const table = join(__dirname, 'emitScripts.txt');
const reference = join(__dirname, '..', 'reference');
const folder = temporaryFolder();
const TARGETS = ['numpy', 'torch', 'keras'] as const;
type Target = (typeof TARGETS)[number];

const saved = (name: string, values: unknown) => folder.write(`${name}.json`, JSON.stringify(values));
const grid = (...shape: number[]): unknown =>
  shape.length === 0 ? 0.5 : Array.from({ length: shape[0] }, (_, i) => (shape.length === 1 ? (i % 5) / 4 - 0.5 : grid(...shape.slice(1))));
const tokens = [
  [3, 1, 0, 0],
  [0, 2, 5, 4],
];

function modelIn(sub: string, name: string): ForwardRequest {
  const model = join(reference, sub, name);
  const x = model.replace(/\.\w+$/, '.x.np');
  return { model, input: existsSync(`${x}y`) ? `${x}y` : `${x}z` };
}

/** A graph of ONNX: nodes as [operator, inputs, output, attributes], inputs with their type (1 float, 7 int64, 9 bool) and shape. */
function onnx(
  name: string,
  inputs: Readonly<Record<string, readonly [number, ...number[]]>>,
  nodes: readonly (readonly [string, readonly string[], string, Readonly<Record<string, number>>?])[],
): string {
  const value = (key: string, type: number, shape: readonly number[]) =>
    cat(part(1, key), part(2, part(1, int(1, type), part(2, ...shape.map(n => part(1, int(1, n)))))));
  const graph = cat(
    ...nodes.map(([op, from, to, attributes = {}]) =>
      part(
        1,
        ...from.map(f => part(1, f)),
        part(2, to),
        part(4, op),
        ...Object.entries(attributes).map(([key, v]) => part(5, part(1, key), int(3, v), int(20, 2))),
      ),
    ),
    part(2, name),
    ...Object.entries(inputs).map(([key, [type, ...shape]]) => part(11, value(key, type, shape))),
    part(12, value('y', 1, [])),
  );
  return folder.write(`${name}.onnx`, cat(int(1, 8), part(7, graph), part(8, part(1, ''), int(2, 18))));
}

const arrays = async (name: string, values: Readonly<Record<string, Tensor>>) => folder.write(`${name}.npz`, await bytesOf('npz', values));
const spread = (shape: readonly number[]): Tensor => ({
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, (_, k) => ((k * 7) % 11) / 8 - 0.5),
});
const whole = (...values: number[]): Tensor => ({ shape: [values.length], data: Float64Array.from(values), kind: 'int' });

const SIZES = { T: 4, D: 3, N: 2 };
const chains = [
  'rnn:3,dense:2',
  'gru:4+seq,lstm:3,dense:2@softmax',
  'bigru:4+seq,maxpool,dense:2',
  'rnn:4@relu+seq,avgpool,dense:3@sigmoid',
  'bilstm:3+seq+sum,bigru:2,dense:2@tanh',
  'gru:4+nobias+seq,last,dense:2@elu',
  'gru:4+resetbefore,dense:2',
  'lstm:4+backwards+seq,flatten,dense:2',
  'bigru:4+backwards+seq,dense:2',
  'lstm:4@relu,repeat:3,rnn:2,dense:2@softsign',
  'conv:3x2,layernorm,lstm:2+seq,batchnorm,dropout,dense:2',
];
const REQUESTS_DRAWN: [string, Target, () => ForwardRequest][] = [];
const REQUESTS: Readonly<Record<string, () => ForwardRequest | Promise<ForwardRequest>>> = {
  'a graph whose axes are an input': async () => ({
    model: onnx('axes', { x: [1, 2, 4, 3], axes: [7, 1] }, [
      ['Tanh', ['x'], 't'],
      ['ReduceMean', ['t', 'axes'], 'y', { keepdims: 0 }],
    ]),
    input: await arrays('axes', { x: spread([2, 4, 3]), axes: whole(1) }),
  }),
  'a graph whose weights are inputs, and a bias of one number': async () => ({
    model: onnx('weights', { x: [1, 2, 3], W: [1, 3, 5], b: [1] }, [
      ['MatMul', ['x', 'W'], 'xW'],
      ['Add', ['xW', 'b'], 'z'],
      ['Relu', ['z'], 'y'],
    ]),
    input: await arrays('weights', { x: spread([2, 3]), W: spread([3, 5]), b: spread([]) }),
  }),
  'a graph whose recurrent weights are inputs': async () => ({
    model: onnx('gru', { x: [1, 4, 2, 3], W: [1, 1, 6, 3], R: [1, 1, 6, 2], axes: [7, 1] }, [
      ['GRU', ['x', 'W', 'R'], 'h', { hidden_size: 2, linear_before_reset: 1 }],
      ['Squeeze', ['h', 'axes'], 'y'],
    ]),
    input: await arrays('gru', { x: spread([4, 2, 3]), W: spread([1, 6, 3]), R: spread([1, 6, 2]), axes: whole(1) }),
  }),

  ...Object.fromEntries(chains.map(layers => [layers, () => ({ ...SIZES, layers })])),
  'lstm:4+proj=2+seq,lstm:3 of PyTorch': () => ({ ...SIZES, layers: 'lstm:4+proj=2+seq,lstm:3,dense:2', framework: 'torch' }),
  'a bidirectional GRU of PyTorch': () => ({ ...SIZES, layers: 'bigru:3,dense:2', framework: 'torch' }),
  'several cells in one loop': () => ({
    ...SIZES,
    model: saved('stacked', {
      input: { timesteps: 4, features: 3 },
      layers: [
        {
          kind: 'stackedrnn',
          cells: [
            { kind: 'gru', units: 2, resetAfter: true },
            { kind: 'rnn', units: 3, useBias: false },
          ],
          returnSequences: true,
          goBackwards: true,
          zeroOutputForMask: true,
        },
        { kind: 'dense', units: 2 },
      ],
    }),
  }),
  'functions without a name in both directions': () => ({
    ...SIZES,
    model: saved('functions', {
      input: { timesteps: 4, features: 3 },
      layers: [
        {
          kind: 'gru',
          units: 4,
          bidirectional: 'sum',
          returnSequences: true,
          recurrentActivation: { name: 'hard_sigmoid_keras2', alpha: 0.3 },
        },
        {
          kind: 'bidirectional',
          merge: 'concat',
          forward: { kind: 'stackedrnn', cells: [{ kind: 'gru', units: 2, recurrentActivation: 'hard_sigmoid_keras2' }] },
          backward: { kind: 'stackedrnn', cells: [{ kind: 'lstm', units: 3, activation: 'gelu_tanh' }], goBackwards: true },
        },
        { kind: 'dense', units: 2, activation: 'gelu_tanh' },
      ],
    }),
  }),
  'no dense layer': () => ({ cell: 'gru', bidirectional: true, K: 0 }),
  'lengths, every step': () => ({ ...SIZES, layers: 'lstm:3+seq,gru:2+seq,dense:2', lengths: '4,2' }),
  'lengths, both directions': () => ({ ...SIZES, layers: 'bilstm:3+seq,bigru:2', lengths: '3,4' }),
  'an embedding that masks': () => ({ layers: 'embedding:7x4+maskzero,bilstm:3+seq,gru:2,dense:2', input: saved('tokens', tokens) }),
  'a masking layer': () => ({
    layers: 'masking:0,lstm:3,dense:2',
    input: saved('zeros', [
      [
        [1, 2],
        [0, 0],
        [3, 1],
      ],
      [
        [0, 0],
        [2, 1],
        [0, 0],
      ],
    ]),
  }),
  'first states': () => ({ ...SIZES, layers: 'lstm:3,dense:2', h0: saved('h', grid(2, 3)), c0: saved('c', grid(2, 3)) }),
  'first states, in both directions and behind padding': () => ({
    ...SIZES,
    layers: 'bigru:3+seq',
    lengths: '4,3',
    h0: saved('hb', grid(2, 2, 3)),
  }),
  ...Object.fromEntries(
    [
      'encdec.keras',
      'multi_in.keras',
      'multi_out.keras',
      'shared_siamese.keras',
      'attention.keras',
      'attention_scores.keras',
      'bidir_return_state.keras',
      'cell_unrolled.keras',
      'gqa_key_mask.keras',
      'init_state_from_dense_gru.keras',
      'initial_state_input.keras',
      'mha.keras',
      'masked_before_first.keras',
      'mask_kwarg_pool.keras',
      'live_mask_beside_states.keras',
      'live_states_both_ways.keras',
      'op_getitem_last.keras',
      'seq_emb_bi_unroll_mask.keras',
      'unroll_mask_bidir_zero.keras',
    ].map(name => [name, () => modelIn('keras_models', name)]),
  ),
  ...Object.fromEntries(
    [
      'gru_lens_forward.onnx',
      'lstm_lens_bidirectional.onnx',
      'scan_lstm.onnx',
      'states.onnx',
      'time_first_states.onnx',
      'three_heads.onnx',
    ].map(name => [name, () => modelIn('onnx_wired', name)]),
  ),
};
const described = (name: string, layers: readonly object[], more: object = {}) =>
  saved(name, { input: { timesteps: 4, features: 3 }, layers, ...more });
const HEAD = { kind: 'dense', name: 'd', units: 2 };
/** Which steps of x have a feature above 0, as the mask k. */
const MASK = [
  { kind: 'op', op: 'ReduceMax', name: 'm', operands: [null, { type: 'int', value: [2] }], attributes: { keepdims: 0 } },
  { kind: 'op', op: 'Relu', name: 'r' },
  { kind: 'op', op: 'Cast', name: 'k', attributes: { to: 9 } },
];
/** First states of an LSTM of 2 and a GRU of 3 units, from the last step of x. */
const STARTS = [
  { kind: 'last', name: 'l' },
  { kind: 'dense', name: 'a', units: 2, inputs: ['l'] },
  { kind: 'dense', name: 'b', units: 2, inputs: ['l'] },
  { kind: 'dense', name: 'c', units: 3, inputs: ['l'] },
];
const APART = {
  kind: 'bidirectional',
  name: 's',
  forward: { kind: 'lstm', units: 2 },
  backward: { kind: 'gru', units: 3, goBackwards: true },
  merge: null,
};
const STACK = {
  kind: 'stackedrnn',
  cells: [
    { kind: 'lstm', units: 2 },
    { kind: 'gru', units: 3 },
  ],
};
Object.assign(REQUESTS, {
  'a cell with an activation of its own for its output': () => ({
    ...SIZES,
    model: described('outact', [{ kind: 'lstm', name: 'l', units: 3, outputActivation: 'softsign', peepholes: true, clip: 0.5 }, HEAD]),
  }),
  'a layer at every step, behind padding': () => ({
    ...SIZES,
    model: described('eachstep', [
      { kind: 'lstm', name: 'l', units: 3, returnSequences: true },
      { kind: 'eachstep', name: 'e' },
      { kind: 'dense', name: 'i', units: 2 },
      { kind: 'allsteps', name: 'a', inputs: ['l', 'i'] },
    ]),
    lengths: '4,2',
  }),
  'a layer at every step that is a loop itself': () => ({
    N: 2,
    model: saved('innerloop', {
      input: { shape: [3, 4, 2] },
      layers: [
        { kind: 'eachstep', name: 'e' },
        { kind: 'gru', name: 'i', units: 3 },
        { kind: 'allsteps', name: 'a', inputs: ['input', 'i'] },
        { kind: 'flatten', name: 'f' },
        HEAD,
      ],
    }),
  }),
  'a convolution with its channels first': () => ({
    N: 2,
    model: saved('channels', {
      input: { shape: [3, 5] },
      layers: [
        { kind: 'conv1d', name: 'c', filters: 4, kernelSize: 2, dataFormat: 'channels_first' },
        { kind: 'flatten', name: 'f' },
        HEAD,
      ],
    }),
  }),
  'attention behind padding': () => ({
    ...SIZES,
    model: described('attend', [
      { kind: 'gru', name: 'g', units: 4, returnSequences: true },
      { kind: 'multiheadattention', name: 'a', heads: 2, units: 2, inputs: ['g', 'g'] },
      { kind: 'last', name: 'l' },
      { ...HEAD, inputs: ['l'] },
    ]),
    lengths: '4,3',
  }),
  'the last step behind padding, of a layer that repeats its state': () => ({ ...SIZES, layers: 'gru:4+seq,last,dense:2', lengths: '4,2' }),
  'the last step behind padding, of both directions': () => ({ ...SIZES, layers: 'bigru:4+seq,last,dense:2', lengths: '4,2' }),
  'the last step behind padding, of a layer that reads backwards': () => ({
    ...SIZES,
    layers: 'gru:4+seq+backwards,last,dense:2',
    lengths: '4,2',
  }),
  'several outputs, one of them in the middle': () => ({
    ...SIZES,
    model: described('middle', [{ kind: 'gru', name: 'g', units: 3 }, HEAD, { kind: 'activation', name: 'a', activation: 'tanh' }], {
      outputs: ['a', 'd', 'g'],
    }),
  }),
  'three GRUs, no two of them alike': () => ({ ...SIZES, layers: 'gru:3+seq,gru:3+nobias+seq,gru:2+resetbefore,dense:2' }),
  'scores of attention that nothing reads': () => ({
    ...SIZES,
    model: described('scores', [
      { kind: 'gru', name: 'g', units: 4, returnSequences: true },
      { kind: 'attention', name: 'a', scores: true, inputs: ['g', 'g'] },
      { kind: 'last', name: 'l', inputs: ['a'] },
      { ...HEAD, inputs: ['l'] },
    ]),
  }),
  'attention behind padding of its values alone': () => ({
    ...SIZES,
    model: described('attendvalues', [
      { kind: 'dense', name: 'q', units: 3, inputs: ['input'], mask: null },
      { kind: 'attention', name: 'a', score: 'concat', inputs: ['q', 'input'] },
      { kind: 'avgpool', name: 'p', inputs: ['a'], useMask: true },
    ]),
    lengths: '4,2',
  }),
  'attention whose mask is computed': () => ({
    ...SIZES,
    model: described('attendmask', [
      ...MASK,
      { kind: 'attention', name: 'a', attentionMask: true, inputs: ['input', 'input', 'k'] },
      { kind: 'flatten', name: 'f' },
      HEAD,
    ]),
  }),
  'branches that meet under a mask of their own': () => ({
    ...SIZES,
    model: described('meet', [
      ...MASK,
      { kind: 'dense', name: 'a', units: 3, inputs: ['input'] },
      { kind: 'add', name: 'b', masks: 'all', inputs: ['a', 'input'], mask: 'k' },
      { kind: 'gru', name: 'g', units: 2 },
    ]),
  }),
  'a graph whose axes and truths are inputs': async () => ({
    model: onnx('truths', { x: [1, 2, 4, 3], m: [9, 2, 4, 3], axes: [7, 1] }, [
      ['Neg', ['x'], 'n'],
      ['Where', ['m', 'x', 'n'], 'w'],
      ['ReduceMean', ['w', 'axes'], 'y', { keepdims: 0 }],
    ]),
    input: await arrays('truths', {
      x: spread([2, 4, 3]),
      m: { shape: [2, 4, 3], data: Float64Array.from({ length: 24 }, (_, k) => k % 2), kind: 'bool' },
      axes: whole(1),
    }),
  }),
  'cells in one loop, from states that are computed, and their last ones': () => ({
    ...SIZES,
    model: described('stackedstates', [...STARTS, { ...STACK, name: 's', inputs: ['input'], states: ['a', 'b', 'c'] }], {
      outputs: ['s', 's/0/c', 's/1/h'],
    }),
  }),
  'cells in one loop of both directions, from states that are computed': () => ({
    ...SIZES,
    model: described('stackedways', [
      ...STARTS,
      {
        kind: 'bidirectional',
        name: 's',
        inputs: ['input'],
        forward: { ...STACK, returnSequences: true },
        backward: { ...STACK, returnSequences: true, goBackwards: true },
        merge: 'concat',
        states: ['a', 'b', 'c', 'b', 'a', 'c'],
      },
    ]),
  }),
  'two directions whose outputs stay apart, of which one is read': () => ({ ...SIZES, model: described('apart', [APART, HEAD]) }),
  'two directions whose outputs stay apart, of which both are read': () => ({
    ...SIZES,
    model: described('apart2', [APART], { outputs: ['s', 's/backward'] }),
  }),
  'a layer inside another one': () => ({
    ...SIZES,
    model: described('inside', [
      { kind: 'spectralnorm', name: 's', layer: { kind: 'conv1d', filters: 4, kernelSize: 2, activation: 'relu' } },
      { kind: 'timedistributed', name: 't', layer: { kind: 'dense', units: 3, activation: 'elu' } },
      { kind: 'flatten', name: 'f' },
      HEAD,
    ]),
  }),
  'a recurrent convolution and its states': () => ({
    N: 2,
    model: saved('convlstm', {
      input: { shape: [3, 4, 2] },
      layers: [{ kind: 'convlstm1d', name: 'c', filters: 3, kernelSize: 2, recurrentActivation: 'sigmoid' }],
      outputs: ['c', 'c/h'],
    }),
  }),
  'an operator that is an activation': () => ({
    ...SIZES,
    model: described('gelu', [{ kind: 'op', op: 'Gelu', name: 'g', attributes: { approximate: 'tanh' } }, HEAD]),
  }),
  'a graph that reads truths and whole numbers': async () => ({
    model: onnx('typed', { x: [1, 2, 3], m: [9, 2, 3], i: [7, 2] }, [
      ['Neg', ['x'], 'n'],
      ['Where', ['m', 'x', 'n'], 'w'],
      ['Gather', ['w', 'i'], 'y', { axis: 1 }],
    ]),
    input: await arrays('typed', {
      x: spread([2, 3]),
      m: { shape: [2, 3], data: Float64Array.from([1, 0, 1, 0, 0, 1]), kind: 'bool' },
      i: whole(2, 0),
    }),
  }),
  'a graph whose sizes depend on its numbers': async () => ({
    model: onnx('nonzero', { x: [1, 2, 3], axes: [7, 1] }, [
      ['NonZero', ['x'], 'n'],
      ['Cast', ['n'], 'f', { to: 1 }],
      ['ReduceMax', ['f', 'axes'], 'y', { keepdims: 0 }],
    ]),
    input: await arrays('nonzero', { x: spread([2, 3]), axes: whole(1) }),
  }),
  'a layer without weights alone': () => ({ ...SIZES, model: described('bare', [{ kind: 'maxpool', name: 'm' }]) }),
});
/** Networks that no script draws as it runs them: each has its numbers with it, whatever the generator. */
const NO_CHAIN: Readonly<Record<string, () => ForwardRequest>> = {
  'a y that is not the last layer': () => ({
    model: described('early', [{ kind: 'gru', name: 'g', units: 3 }, HEAD, { kind: 'dense', name: 'e', units: 3, inputs: ['g'] }], {
      output: 'd',
    }),
  }),
  'a layer that reads the one before the last': () => ({
    model: described('skip', [
      { kind: 'gru', name: 'g', units: 3 },
      { kind: 'dense', name: 'e', units: 3 },
      { kind: 'add', name: 's', inputs: ['g', 'e'] },
      HEAD,
    ]),
  }),
  'a layer that reads the one before the last, alone': () => ({
    model: described('beside', [
      { kind: 'gru', name: 'g', units: 3 },
      { kind: 'dense', name: 'e', units: 3 },
      { ...HEAD, inputs: ['g'] },
    ]),
  }),
  'a y before the last layer beside that of the last one': () => ({
    model: described('both', [{ kind: 'gru', name: 'g', units: 3 }, HEAD], { outputs: ['d', 'g'] }),
  }),
  'an operator that copies': () => ({
    model: described('copies', [{ kind: 'op', op: 'Identity', name: 'i' }, { kind: 'gru', name: 'g', units: 3 }, HEAD]),
  }),
  'a mask that a layer is handed': () => ({
    model: described('masked', [
      { kind: 'op', op: 'ReduceMax', name: 'm', operands: [null, { type: 'int', value: [2] }], attributes: { keepdims: 0 } },
      { kind: 'op', op: 'Cast', name: 'k', attributes: { to: 9 } },
      { kind: 'gru', name: 'g', units: 3, inputs: ['input'], mask: 'k' },
    ]),
  }),
  'token numbers that are computed': () => ({
    model: described('argmax', [
      { kind: 'op', op: 'ArgMax', name: 'm', attributes: { axis: 2, keepdims: 0 } },
      { kind: 'embedding', name: 'e', tokens: 3, units: 4 },
      { kind: 'gru', name: 'g', units: 2 },
    ]),
  }),
  'a layer that is called twice': () => ({
    model: described('twice', [
      { kind: 'dense', name: 'a', units: 3 },
      { kind: 'dense', name: 'b', units: 3, shares: 'a' },
      { kind: 'gru', name: 'g', units: 2 },
    ]),
  }),
  'states of another layer': () => ({
    model: described('handed', [
      { kind: 'gru', name: 'g', units: 3, returnSequences: true },
      { kind: 'gru', name: 'h', units: 3, inputs: ['g'], states: ['g/h'] },
    ]),
  }),
  'an x from a file': () => ({ layers: 'gru:3,dense:2', input: saved('given', grid(2, 4, 3)) }),
  'first states from a file': () => ({ ...SIZES, layers: 'gru:3,dense:2', h0: saved('firsth', grid(2, 3)) }),
  'weights of another initialiser': () => ({ ...SIZES, layers: 'gru:3,dense:2', init: 'zeros' }),
  'an x of another generator': () => ({ ...SIZES, layers: 'gru:3,dense:2', inputRng: 'pcg64' }),
  'token numbers': () => ({ N: 2, T: 3, layers: 'embedding:7x4,gru:3,dense:2' }),
};
for (const [name, request] of Object.entries(NO_CHAIN))
  for (const rng of ['numpy', 'pcg64', 'torch', 'keras'] as const)
    REQUESTS_DRAWN.push([
      `${name}, drawn by ${rng}`,
      { numpy: 'numpy', pcg64: 'numpy', torch: 'torch', keras: 'keras' }[rng] as Target,
      () => ({ N: 2, ...request(), rng, seed: '3' }),
    ]);

/** Drawn, too, but by more than the script can draw: it carries numbers. */
const CARRIED: readonly (readonly [Target, ForwardRequest])[] = [
  ['torch', { rng: 'torch', seed: '3', layers: 'embedding:9x3+maskzero,lstm:4,dense:2', T: 4, N: 2 }],
  ['keras', { rng: 'keras', seed: '3', layers: 'embedding:9x3+maskzero,lstm:4,dense:2', T: 4, N: 2 }],
  ['numpy', { rng: 'numpy', seed: '3', layers: 'embedding:9x3+maskzero,lstm:4,dense:2', T: 4, N: 2 }],
  ['numpy', { rng: 'numpy', seed: '3', cell: 'lstm', N: 2, lengths: '10,4' }],
  ['numpy', { rng: 'numpy', seed: '3', cell: 'lstm', N: 2, rows: { from: 0, to: 1 } }],
];
const DRAWN_FOR = [...TARGETS.flatMap(target => DRAWN[target].map(request => [target, request] as const)), ...CARRIED];

/** Recorded sections; what is not repeated stands in its place. */
const FUNCTION = /^def (\w+)[^\n]*\n(?:(?: [^\n]*)?\n)*(?! )/gm;
function expanded(text: string): Map<string, string> {
  const known = new Map<string, string>();
  const sections = text.split(/^(?=== )/m).filter(Boolean);
  return new Map(
    sections.map(section => {
      const at = section.indexOf('\n');
      const whole = section
        .slice(at + 1)
        .replace(/^def (\S+) as above\n/gm, (_, key) => known.get(key)!)
        .trimEnd();
      for (const [body, name] of whole.matchAll(FUNCTION)) known.set(keyOf(name, body), body);
      return [section.slice(3, at), whole];
    }),
  );
}

/** Recurrent layers are functions that differ under one name. */
function keyOf(name: string, body: string): string {
  const lines = body.trimEnd().split('\n');
  let sum = 0;
  for (const c of body.trimEnd()) sum = (sum * 31 + c.charCodeAt(0)) % 9973;
  return `${name}(${lines.length} lines, ${sum})`.replaceAll(' ', '_');
}

function shortened(sections: ReadonlyMap<string, string>): string {
  const known = new Set<string>();
  const each = [...sections].map(([title, whole]) => {
    const text = `${whole}\n`.replace(FUNCTION, (body, name) => {
      const key = keyOf(name, body);
      const isKnown = known.has(key);
      known.add(key);
      return isKnown ? `def ${key} as above\n` : body;
    });
    return `== ${title}\n${text}\n`;
  });
  return each.join('');
}

const recorded = existsSync(table) ? expanded(readFileSync(table, 'utf8')) : new Map<string, string>();
const written = new Map<string, string>();

async function scriptOf(request: ForwardRequest, target: Target): Promise<string> {
  try {
    const { script } = await runEmit(request, target);
    return script.replace(/array\("[^"]*"/g, 'array("…"').trimEnd();
  } catch (error) {
    const { code, where, message, fix } = error as RnnError;
    return `refused: ${code} ${where}: ${message}; ${fix ?? ''}`;
  }
}

async function check(title: string, text: string): Promise<void> {
  written.set(title, text);
  if (process.env.UPDATE_OUT !== '1') expect(text.split('\n')).toEqual(recorded.get(title)?.split('\n'));
}

it.each([
  ['clip', 0.5, 'peepholes, clip and input_forget'],
  ['peepholes', true, 'peepholes, clip and input_forget'],
  ['inputForget', true, 'peepholes, clip and input_forget'],
  ['outputActivation', 'relu', 'activation of its own for the output of a cell'],
  ['projection', 2, 'LSTM projection'],
  ['twoBiases', true, 'second bias'],
])('a cell inside another layer keeps its %s or is refused', async (option, value, missing) => {
  const cell = { kind: 'lstm', units: 3, [option]: value };
  const outer = [
    { kind: 'stackedrnn', cells: [{ kind: 'rnn', units: 2 }, cell] },
    { kind: 'bidirectional', forward: { kind: 'gru', units: 3 }, backward: cell, merge: 'concat' },
  ];
  for (const layer of outer) {
    const model = saved('inside', { input: { timesteps: 4, features: 2 }, layers: [{ ...layer, name: 'outer' }] });
    await expect(runEmit({ model, N: 2 }, 'keras')).rejects.toMatchObject({
      code: 'E_CONVERT_LAYER',
      exit: 3,
      where: 'outer',
      message: `Keras has no ${missing}`,
    });
  }
});

describe('the script of', () => {
  it.each(Object.entries(REQUESTS).flatMap(([name, request]) => TARGETS.map(target => [name, target, request] as const)))(
    '%s for %s',
    async (name, target, request) => check(`${name} for ${target}`, await scriptOf(await request(), target)),
  );

  it.each(DRAWN_FOR.map(([target, request]) => [JSON.stringify(request), target, request] as const))(
    '%s for %s',
    async (name, target, request) => check(`${name} for ${target}`, await scriptOf(request, target)),
  );

  it.each(REQUESTS_DRAWN)('%s for %s', async (name, target, request) => check(`${name} for ${target}`, await scriptOf(request(), target)));

  it.each(TARGETS)('every activation for %s', async target => {
    const values: Record<string, unknown> = {
      negative_slope: 0.15,
      max_value: 1.25,
      threshold: 0.3,
      default_value: -0.7,
      approximate: true,
    };
    const specs = activations.flatMap(({ name, parameters = {} }) => [
      name,
      ...(Object.keys(parameters).length > 0
        ? [{ name, ...Object.fromEntries(Object.keys(parameters).map((key, i) => [key, values[key] ?? 0.6 + i])) }]
        : []),
    ]);
    const lines: string[] = [];
    for (const activation of [...specs, { name: 'relu', max_value: 2 }]) {
      const model = saved('activation', { input: { timesteps: 3, features: 2 }, layers: [{ kind: 'dense', units: 5, activation }] });
      const script = await scriptOf({ model, N: 1 }, target);
      lines.push(
        `${JSON.stringify(activation)}: ${script
          .split('\n')
          .filter(line => /^( *v1 =|refused)/.test(line))
          .join('; ')}`,
      );
    }
    await check(`every activation for ${target}`, lines.join('\n'));
  });

  afterAll(() => {
    if (process.env.UPDATE_OUT === '1') writeFileSync(table, shortened(written));
  });
});
