import { RnnError } from '../errors.js';
import { escapeNames, escapeText } from '../escape.js';
import { concatLast, permuteBlocks, sliceFirst, sliceLast } from '../tensor/layout.js';
import { formatShape, type Tensor } from '../tensor/tensor.js';
import { byNaturalOrder } from './naturalOrder.js';
import {
  byFolder,
  byLayer,
  plainLayer,
  recurrentLayer,
  type TranslatedLayer,
  type Translation,
  translatedConvention,
} from './translated.js';

/**
 * Variables of TensorFlow 1's cells (tensorflow/python/ops/rnn_cell_impl.py): one kernel [D+M, G·M] for [x, h].
 *   BasicLSTMCell, LSTMCell   gates i, j (the candidate), f, o;  f = σ(f + forget_bias); forget_bias is 1.0 in the code and not in the file
 *   GRUCell                   gates/kernel r, u; candidate/kernel on [x, r ⊙ h];  h = u ⊙ h + (1 − u) ⊙ c: our z is u
 *   BasicRNNCell              h = tanh([x, h]·kernel + bias)
 */
const translation: Translation = {
  name: 'tf1',
  framework: 'keras',
  detect: names => cellKernels(names).length > 0,

  layers(tensors) {
    const folders = byFolder(tensors, STATE);
    const cells = new Map<string, Map<string, Map<string, Tensor>>>();
    const layers: TranslatedLayer[] = [];
    for (const [folder, own] of folders) {
      const [, cell, part] = CELL_FOLDER.exec(folder) ?? [];
      if (cell === undefined) layers.push(...plainLayers(folder, own));
      else {
        const parts = cells.get(cell) ?? new Map<string, Map<string, Tensor>>();
        cells.set(cell, parts.set(part?.slice(1) ?? '', own));
      }
    }
    const recurrent = byLayer([...cells.keys()].sort(byNaturalOrder), 'fw', 'bw').map(([, ways]) =>
      recurrentLayer(
        layerName(ways[0]),
        ways.map(name => readCell(name, cells.get(name)!)),
      ),
    );
    return [...recurrent, ...layers];
  },

  assumptions(tensors) {
    const open = cellKernels([...tensors.keys()]).filter(name => FORGETS.test(name));
    if (open.length === 0) return [];
    return [
      {
        fact: 'forget-bias',
        what: '1.0 was added to the bias of the forget gate',
        value: '1.0',
        why: 'forget_bias stands in the code of TensorFlow 1, not in the file; 1.0 is its default',
        say: null,
      },
    ];
  },
};

export const tf1 = translatedConvention(translation);

const CELL = '(?:[a-z_]+_)?(?:lstm|gru|rnn)(?:_block|_fused)?_cell(?:_\\d+)?|block_lstm';
/** the folder of a cell, followed by gates or candidate (GRU), or projection (LSTM) */
const CELL_FOLDER = new RegExp(`^((?:.*/)?(?:${CELL}))(/gates|/candidate|/projection)?$`);
const CELL_KERNEL = new RegExp(`^(?:.*/)?(?:${CELL})(?:/gates)?/(?:kernel|weights)$`);
/** cells that add forget_bias: all LSTMs except the cuDNN-compatible one */
const FORGETS = /(^|\/)(?!cudnn)[a-z_]*lstm[a-z_]*(_\d+)?\/(kernel|weights)$/;
const WORDS: [string, string][] = [
  ['kernel', 'bias'],
  ['weights', 'biases'],
];
/** training state: optimizer slots of each variable, powers of Adam, counters, moving averages */
const STATE =
  /\/(Adam|Adam_1|RMSProp|RMSProp_1|RMSProp_2|Momentum|Adagrad|Adadelta|Adadelta_1|Ftrl|Ftrl_1|ExponentialMovingAverage)$|(^|\/)(beta[12]_power|global_step|save_counter)$/;

/**
 * Reads layers that a program built from variables of its own, within one folder: `Variable` [M, K] with `Variable_1` [K], or `out/W` with
 * `out/b`, is a dense layer; `embedding_matrix` [V, E] holds token vectors.
 * @throws RnnError E_UNDETERMINED for a matrix without a vector of its width, which may be either
 */
function plainLayers(folder: string, own: ReadonlyMap<string, Tensor>): TranslatedLayer[] {
  if (WORDS.some(([kernel]) => own.has(kernel))) return [plainLayer(folder, own, WORDS)];
  const rest = new Map([...own].sort(([a], [b]) => byNaturalOrder(a, b)));
  const matrices = [...rest].filter(([, { shape }]) => shape.length === 2);
  const layers = matrices.flatMap(([key, kernel]) => {
    const name = folder === '' ? key : matrices.length === 1 ? folder : `${folder}/${key}`;
    const bias = [...rest].find(([, { shape }]) => shape.length === 1 && shape[0] === kernel.shape[1]);
    const isTable = !bias && /embed/i.test(`${folder}/${key}`);
    if (!bias && !isTable) return [];
    for (const used of [key, bias?.[0]]) if (used !== undefined) rest.delete(used);
    return [plainLayer(name, new Map(bias ? [['kernel', kernel] as const, ['bias', bias[1]] as const] : [['embedding', kernel]]), WORDS)];
  });
  return rest.size === 0 ? layers : [...layers, plainLayer(folder, rest, WORDS)];
}

/** Names of kernels that have no recurrent kernel next to them. */
function cellKernels(names: readonly string[]): string[] {
  const two = new Set(names.map(name => /^(.*)\/recurrent_kernel/.exec(name)?.[1]));
  return names.filter(name => CELL_KERNEL.test(name) && !two.has(name.slice(0, name.lastIndexOf('/'))));
}

/** `rnn/multi_rnn_cell/cell_0/basic_lstm_cell` -> `rnn/multi_rnn_cell/cell_0`, the part that identifies the layer */
function layerName(cell: string): string {
  const above = cell.slice(0, Math.max(0, cell.lastIndexOf('/'))).replace(/(^|\/)fw$/, '');
  return /\d$/.test(above) || !/\d$/.test(cell) ? above || cell : cell;
}

/** @throws RnnError E_UNDETERMINED, E_TF1_CELL */
function readCell(name: string, parts: ReadonlyMap<string, ReadonlyMap<string, Tensor>>): readonly [Tensor, Tensor, Tensor?] {
  const own = parts.get('') ?? new Map<string, Tensor>();
  const gates = parts.get('gates');
  const unknown = [...own.keys()].find(key => !['kernel', 'bias', 'weights', 'biases'].includes(key));
  if (unknown !== undefined || parts.has('projection'))
    throw new RnnError('unsupported', 'E_TF1_CELL', `${unknown ?? 'the projection'} of a TensorFlow 1 cell is not supported`, {
      where: escapeText(name, 80),
      expected: 'kernel and bias',
      found: escapeNames([...own.keys(), ...(parts.has('projection') ? ['projection'] : [])]),
    });
  if (gates) return gru(name, gates, parts.get('candidate') ?? new Map());
  const [kernel, bias] = kernelAndBias(name, own);
  const [rows, width] = kernel.shape;
  if (/lstm/.test(name.slice(name.lastIndexOf('/') + 1))) return lstm(name, kernel, bias);
  return [sliceFirst(kernel, 0, rows - width), sliceFirst(kernel, rows - width, rows), bias];
}

function kernelAndBias(name: string, tensors: ReadonlyMap<string, Tensor>): [Tensor, Tensor | undefined] {
  const kernel = tensors.get('kernel') ?? tensors.get('weights');
  const bias = tensors.get('bias') ?? tensors.get('biases');
  if (kernel?.shape.length === 2 && (bias === undefined || bias.shape.length === 1)) return [kernel, bias];
  throw new RnnError('convention', 'E_UNDETERMINED', 'the cell has no kernel [D+M, G·M]', {
    where: escapeText(name, 80),
    expected: 'kernel [D+M, G·M], bias [G·M]',
    found: [...tensors].map(([key, t]) => `${escapeText(key, 40)} ${formatShape(t.shape)}`).join(', ') || 'nothing',
  });
}

/** Permutes i, j, f, o to Keras' i, f, c, o, and adds TensorFlow's 1.0 to the bias of f. */
function lstm(name: string, kernel: Tensor, bias: Tensor | undefined): readonly [Tensor, Tensor, Tensor?] {
  const [rows, width] = kernel.shape;
  const M = width / 4;
  checkRows(name, kernel, M);
  const order = [0, 2, 1, 3];
  const added = /cudnn/.test(name) ? 0 : 1;
  const whole = bias ?? { shape: [width], data: new Float32Array(width) };
  const moved = permuteBlocks(whole, order);
  const withForget = { shape: moved.shape, data: moved.data.map((v, k) => (k >= M && k < 2 * M ? v + added : v)) };
  const fused = permuteBlocks(kernel, order);
  return [sliceFirst(fused, 0, rows - M), sliceFirst(fused, rows - M, rows), withForget];
}

/** Converts gates r, u and the candidate to Keras' z, r, h with one bias; the reset comes before the product. */
function gru(name: string, gates: ReadonlyMap<string, Tensor>, candidate: ReadonlyMap<string, Tensor>): readonly [Tensor, Tensor, Tensor?] {
  const [gatesKernel, gatesBias] = kernelAndBias(`${name}/gates`, gates);
  const [kernel, bias] = kernelAndBias(`${name}/candidate`, candidate);
  const [rows, M] = kernel.shape;
  checkRows(name, kernel, M);
  const zr = permuteBlocks(gatesKernel, [1, 0]);
  const part = (from: number, to: number) => concatLast([sliceFirst(zr, from, to), sliceFirst(kernel, from, to)]);
  const biases = gatesBias && bias ? concatLast([sliceLast(gatesBias, M, 2 * M), sliceLast(gatesBias, 0, M), bias]) : undefined;
  return [part(0, rows - M), part(rows - M, rows), biases];
}

function checkRows(name: string, kernel: Tensor, M: number): void {
  if (Number.isInteger(M) && kernel.shape[0] > M) return;
  throw new RnnError('convention', 'E_UNDETERMINED', `a kernel of shape ${formatShape(kernel.shape)} fits no known cell`, {
    where: escapeText(name, 80),
    expected: '[D+M, 4M] of an LSTM, [D+M, 2M] and [D+M, M] of a GRU',
    found: formatShape(kernel.shape),
  });
}
